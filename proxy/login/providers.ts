/**
 * Login providers as Open Collaboration clients show them: a form with fields, posted to an endpoint.
 * `simple` takes a name as it is, unverified; `apikey` checks one shared key.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import type { AttemptLimit } from '../core/attempt-limit.ts';
import { verifyPassword } from '#shared/password-hash.ts';

/** A person as a provider vouches for them; the id is given by the caller. */
export interface Identity {
  /** Of an account that is the same each time; anybody else gets one anew with each login. */
  readonly id?: string;
  readonly name: string;
  readonly email?: string;
  readonly authProvider: string;
}

export interface LoginProvider {
  /** Last part of the endpoint `/api/login/NAME`, and the setting's word. */
  readonly name: 'simple' | 'apikey' | 'guest';
  /** What `/api/login/initial` tells the client. */
  readonly form: object;
  /** `client` is the address that it comes from. Throws `body-invalid`, `login-refused` or `login-limited`. */
  identify(fields: unknown, client?: string): Identity | Promise<Identity>;
}

const simpleFields = z.object({
  user: z.string().trim().min(1).max(128),
  email: z.string().trim().max(320).optional(),
});

export const simpleProvider = {
  name: 'simple',
  form: {
    type: 'form',
    name: 'unverified',
    endpoint: '/api/login/simple',
    label: { code: 'UnverifiedLoginLabel', message: 'Unverified', params: [] },
    details: { code: 'UnverifiedLoginDetails', message: 'Log in with a name; nobody checks it', params: [] },
    group: { code: 'BuiltinsGroup', message: 'Builtins', params: [] },
    fields: [
      {
        name: 'user',
        label: { code: 'UsernameLabel', message: 'Name', params: [] },
        required: true,
        placeHolder: { code: 'UsernamePlaceholder', message: 'The name that others see', params: [] },
      },
      {
        name: 'email',
        label: { code: 'EmailLabel', message: 'Email', params: [] },
        required: false,
        placeHolder: { code: 'EmailPlaceholder', message: 'Shown to the host when you join', params: [] },
      },
    ],
  },
  identify(fields: unknown): Identity {
    const parsed = simpleFields.safeParse(fields);
    if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
    const { user, email } = parsed.data;
    return { name: user, authProvider: 'Unverified', ...(email ? { email } : {}) };
  },
} as const satisfies LoginProvider;

/** The provider for clients without a person: they know the server's key. */
export function apiKeyProvider(apiKey: string) {
  return {
    name: 'apikey',
    form: {
      type: 'form',
      name: 'apikey',
      endpoint: '/api/login/apikey',
      label: { code: 'ApiKeyLoginLabel', message: 'API key', params: [] },
      details: { code: 'ApiKeyLoginDetails', message: 'Log in with the key of this server', params: [] },
      group: { code: 'BuiltinsGroup', message: 'Builtins', params: [] },
      fields: [
        {
          name: 'apiKey',
          label: { code: 'ApiKeyLabel', message: 'API key', params: [] },
          required: true,
          placeHolder: { code: 'ApiKeyPlaceholder', message: 'The key of this server', params: [] },
        },
      ],
    },
    identify(fields: unknown): Identity {
      const parsed = z.object({ apiKey: z.string().max(1_024) }).safeParse(fields);
      if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
      if (!secretsEqual(parsed.data.apiKey, apiKey)) throw new AppError('login-refused');
      return { name: 'API key user', authProvider: apiKeyAuthProvider };
    },
  } as const satisfies LoginProvider;
}

/** What clients show of single sign-on: a browser opens the endpoint, with the poll token as `token`. */
export const signOnForm = {
  type: 'web',
  name: 'sso',
  endpoint: '/api/login/sso',
  label: { code: 'SsoLoginLabel', message: 'Single sign-on', params: [] },
  details: { code: 'SsoLoginDetails', message: 'Log in with your account at your organisation', params: [] },
  group: { code: 'ThirdPartyGroup', message: 'Third party', params: [] },
} as const;

export const guestAuthProvider = 'Guest';
export const signOnAuthProvider = 'SSO';
const apiKeyAuthProvider = 'API Key';

/** Somebody has looked at who these are. */
export const vouchedFor: readonly string[] = [signOnAuthProvider, guestAuthProvider, apiKeyAuthProvider];

/** The provider for guests whom single sign-on does not know: by passwords of their own. */
export function guestProvider(
  allowed: () => readonly { readonly name: string; readonly hash: string }[],
  limit: AttemptLimit,
): LoginProvider {
  const fields = z.object({ user: z.string().trim().max(128), password: z.string().max(1_024) });
  return {
    name: 'guest',
    form: {
      type: 'form',
      name: 'guest',
      endpoint: '/api/login/guest',
      label: { code: 'GuestLoginLabel', message: 'Guest', params: [] },
      details: {
        code: 'GuestLoginDetails',
        message: 'Log in as a guest whom an administrator has let in',
        params: [],
      },
      group: { code: 'BuiltinsGroup', message: 'Builtins', params: [] },
      fields: [
        {
          name: 'user',
          label: { code: 'UsernameLabel', message: 'Name', params: [] },
          required: true,
          placeHolder: { code: 'GuestNamePlaceholder', message: 'The name that you were given', params: [] },
        },
        {
          name: 'password',
          label: { code: 'PasswordLabel', message: 'Password', params: [] },
          required: true,
          placeHolder: {
            code: 'PasswordPlaceholder',
            message: 'The password that you were given',
            params: [],
          },
        },
      ],
    },
    async identify(given, client = '') {
      const parsed = fields.safeParse(given);
      if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
      const { user, password } = parsed.data;
      const hashes = new Map(allowed().map(({ name, hash }) => [name, hash]));
      const hash = hashes.get(user);
      // Whoever is not among them is looked at for as long as whoever is.
      const [anyHash = ''] = hashes.values();
      const attempt = await limit.attempt(client, hash === undefined ? undefined : user, async () => {
        const isRight = await verifyPassword(password, hash ?? anyHash);
        return isRight && hash !== undefined ? user : undefined;
      });
      if (attempt.kind === 'too-many')
        throw new AppError('login-limited', { facts: { waitSeconds: attempt.waitSeconds } });
      if (attempt.kind === 'wrong') throw new AppError('login-refused');
      // The same each time, so that a ban holds.
      const id = createHash('sha256').update(`guest\n${user}`).digest('base64url');
      return { id, name: user, authProvider: guestAuthProvider };
    },
  };
}
