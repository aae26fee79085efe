/** Settings of single sign-on by OpenID Connect, for the dashboard and for sessions. */
import { isPasswordHash } from '../password-hash.ts';
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

/** Each login reads them anew; whether there is single sign-on at all is decided at the start. */
const shared = { roles: front, scope: 'process', live: true } as const;
const text = { type: 'text', default: '', ...shared } as const;
const list = { type: 'list', default: '', ...shared } as const;
const choice = { type: 'choice', choices: ['false', 'true'], ...shared } as const;
const base = { type: 'text', default: '', roles: front, scope: 'process' } as const;
const group = { ...list, itemPattern: /^[^,]{1,200}$/, itemHelp: 'the name of a group, or *' } as const;

export const ssoSettings = {
  CT_SSO_SYSTEM_BASE_URL: {
    ...base,
    help: 'Base URL of the OpenID Connect provider, below which /.well-known/openid-configuration stands; single sign-on is on where it is set.',
  },
  CT_SSO_AUTHORIZATION_ENDPT: { ...base, help: 'Another name of CT_SSO_SYSTEM_BASE_URL, of old.' },
  CT_SSO_TOKEN_ENDPT: {
    ...text,
    help: 'Token endpoint of the provider, where it is not the one that the provider itself names.',
  },
  CT_SSO_CLIENT_ID: { ...text, help: 'What this server is called at the provider.' },
  CT_SSO_CLIENT_SECRET: {
    ...text,
    secret: true,
    help: 'Secret of CT_SSO_CLIENT_ID; unless set, the code exchange (PKCE) proves alone who asks.',
  },
  CT_SSO_PROVIDER: {
    ...choice,
    default: 'none',
    choices: ['none', 'OKTA', 'MICROSOFT', 'IDCS', 'KEYCLOAK', 'ONELOGIN'],
    help: 'Kind of the provider: which scope makes it tell groups, and whether it calls itself by another address than its own.',
  },
  CT_SSO_APP_BASE_URL: {
    ...text,
    help: 'URL of this server as browsers reach it, without a path; what stands before /sso/authorization-code/callback at the provider. Unless set, CT_SERVER_URL, else what the browser says.',
  },
  CT_SSO_SECURE_JWKS_ENDPT_ENABLE: {
    ...choice,
    default: 'false',
    help: 'Whether the provider shows its keys to its clients alone (Oracle IDCS).',
  },
  CT_REQUEST_OFFLINE_ACCESS: {
    ...choice,
    default: 'false',
    help: 'Whether the scope offline_access is asked for. What the provider gives for it is not kept.',
  },
  CT_SSO_GROUPS_CLAIM: {
    ...text,
    help: 'Claim that names the groups of a person, with dots into objects; unless set, groups.',
  },
  CT_SSO_ADMIN_GROUPS: {
    ...group,
    help: 'Groups whose people may see and change everything on the dashboard; * is everybody whom the provider knows.',
  },
  CT_SSO_READER_GROUPS: {
    ...group,
    help: 'Groups whose people may look at the dashboard; * is everybody whom the provider knows.',
  },
  CT_SSO_SESSION_GROUPS: {
    ...group,
    default: '*',
    help: 'Groups whose people may host and join sessions; * is everybody whom the provider knows.',
  },
  CT_SSO_ALLOWED_GUESTS: {
    ...text,
    secret: true,
    help: 'Guests whom the provider does not know: NAME=HASH, separated by commas; each logs in with the name and the password that mooring hash-password was given.',
  },
} as const satisfies Record<string, Setting>;

interface SsoGiven {
  readonly CT_SSO_SYSTEM_BASE_URL: string;
  readonly CT_SSO_AUTHORIZATION_ENDPT: string;
  readonly CT_SSO_TOKEN_ENDPT: string;
  readonly CT_SSO_APP_BASE_URL: string;
  readonly CT_SSO_CLIENT_ID: string;
  readonly CT_SSO_ALLOWED_GUESTS: string;
  readonly CT_BACKEND: readonly string[];
}

const loopback = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Where the provider is; empty where single sign-on is off. */
export function ssoBaseOf(
  settings: Pick<SsoGiven, 'CT_SSO_SYSTEM_BASE_URL' | 'CT_SSO_AUTHORIZATION_ENDPT'>,
): string {
  return settings.CT_SSO_SYSTEM_BASE_URL || settings.CT_SSO_AUTHORIZATION_ENDPT;
}

/** Of `CT_SSO_ALLOWED_GUESTS`. */
export function guestsOf(text: string): readonly { readonly name: string; readonly hash: string }[] {
  const items = text.split(',').filter((item) => item.trim() !== '');
  return items.map((item) => {
    const [name = '', hash = ''] = item.split('=', 2);
    return { name: name.trim(), hash: hash.trim() };
  });
}

export function ssoFaults(settings: SsoGiven): string[] {
  const faults: string[] = [];
  const addresses = ['CT_SSO_SYSTEM_BASE_URL', 'CT_SSO_AUTHORIZATION_ENDPT', 'CT_SSO_TOKEN_ENDPT'] as const;
  for (const name of addresses) {
    const url = settings[name] === '' ? undefined : URL.parse(settings[name]);
    // Secrets and codes go there.
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.test(url.hostname));
    if (url === null || (url !== undefined && !isSafe))
      faults.push(`${name}: "${settings[name]}" is no https:// address, nor http:// of this machine`);
  }
  const app = settings.CT_SSO_APP_BASE_URL;
  if (app !== '' && !/^https?:\/\/[^/?#@]+\/?$/.test(app))
    faults.push(`CT_SSO_APP_BASE_URL: "${app}" is not http://HOST[:PORT] or https://HOST[:PORT]`);
  const bad = guestsOf(settings.CT_SSO_ALLOWED_GUESTS).find(
    ({ name, hash }) => name === '' || !isPasswordHash(hash),
  );
  if (bad !== undefined)
    faults.push(`CT_SSO_ALLOWED_GUESTS: "${bad.name}" is not NAME=HASH with a line of mooring hash-password`);
  // Whoever sets it believes that nobody gets in without a login.
  if (ssoBaseOf(settings) !== '' && settings.CT_BACKEND.length > 0)
    faults.push('CT_SSO_SYSTEM_BASE_URL: in front of static backends (CT_BACKEND) nobody is asked to log in');
  if (ssoBaseOf(settings) !== '' && settings.CT_SSO_CLIENT_ID === '')
    faults.push('CT_SSO_CLIENT_ID: is required while CT_SSO_SYSTEM_BASE_URL is set');
  return faults;
}
