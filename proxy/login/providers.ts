/**
 * Login providers as Open Collaboration clients show them: a form with fields, posted to an endpoint.
 * `simple` takes a name as it is, unverified; `apikey` checks one shared key.
 */
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';

/** A person as a provider vouches for them; the id is given by the caller. */
export interface Identity {
  readonly name: string;
  readonly email?: string;
  readonly authProvider: string;
}

export interface LoginProvider {
  /** Last part of the endpoint `/api/login/NAME`, and the setting's word. */
  readonly name: 'simple' | 'apikey';
  /** What `/api/login/initial` tells the client. */
  readonly form: object;
  /** Throws `body-invalid` or `login-refused`. */
  identify(fields: unknown): Identity;
}

const simpleFields = z.object({
  user: z.string().trim().min(1).max(128),
  email: z.string().trim().max(320).optional(),
});

export const simpleProvider: LoginProvider = {
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
  identify(fields) {
    const parsed = simpleFields.safeParse(fields);
    if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
    const { user, email } = parsed.data;
    return { name: user, authProvider: 'Unverified', ...(email ? { email } : {}) };
  },
};

/** The provider for clients without a person: they know the server's key. */
export function apiKeyProvider(apiKey: string): LoginProvider {
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
    identify(fields) {
      const parsed = z.object({ apiKey: z.string().max(1_024) }).safeParse(fields);
      if (!parsed.success) throw new AppError('body-invalid', { cause: parsed.error });
      if (!secretsEqual(parsed.data.apiKey, apiKey)) throw new AppError('login-refused');
      return { name: 'API key user', authProvider: 'API Key' };
    },
  };
}
