/** A person as the provider vouches for them, read off the claims that it signed; and what their groups let them do. Pure. */
import { createHash } from 'node:crypto';
import type { AdminRole } from '#shared/admin-operation.ts';
import type { Settings } from '#shared/settings/schema.ts';

export interface Person {
  /** The same for the same account, whatever it is called. */
  readonly id: string;
  readonly name: string;
  readonly email?: string;
  readonly groups: readonly string[];
}

type Claims = Readonly<Record<string, unknown>>;

export type Provider = Settings['CT_SSO_PROVIDER'];

/** Where a kind of provider has groups, and what has to be asked for so that it tells them. */
const kinds: Readonly<Record<string, { readonly claim: string; readonly scope?: string }>> = {
  OKTA: { claim: 'groups', scope: 'groups' },
  MICROSOFT: { claim: 'groups' },
  IDCS: { claim: 'groups', scope: 'get_groups' },
  KEYCLOAK: { claim: 'groups' },
  ONELOGIN: { claim: 'groups', scope: 'groups' },
};

const nameMaxLength = 128;
const emailMaxLength = 320;
const groupsMax = 1_000;

export function scopesOf(provider: Provider, isOffline: boolean): string {
  const scopes = [
    'openid',
    'profile',
    'email',
    kinds[provider]?.scope,
    isOffline ? 'offline_access' : undefined,
  ];
  return scopes.filter((scope) => scope !== undefined).join(' ');
}

export function groupsClaimOf(provider: Provider, given: string): string {
  return given || (kinds[provider]?.claim ?? 'groups');
}

/** `issuer` and `subject` are of the token; the claims may be those of the token and of the user-info endpoint. */
export function personOf(claims: Claims, groupsClaim: string): Person {
  const text = (name: string): string => {
    const value = claims[name];
    return typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '').trim() : '';
  };
  const subject = text('sub');
  const email = claims['email_verified'] === false ? '' : text('email').slice(0, emailMaxLength);
  const name = text('name') || text('preferred_username') || email || subject;
  const id = createHash('sha256')
    .update(`${text('iss')}\n${subject}`)
    .digest('base64url');
  return {
    id,
    name: name.slice(0, nameMaxLength),
    groups: groupsIn(claims, groupsClaim),
    ...(email === '' ? {} : { email }),
  };
}

/** Undefined for who may not even look. */
export function roleOf(
  { groups }: Person,
  settings: Pick<Settings, 'CT_SSO_ADMIN_GROUPS' | 'CT_SSO_READER_GROUPS'>,
): AdminRole | undefined {
  if (isAmong(groups, settings.CT_SSO_ADMIN_GROUPS)) return 'admin';
  return isAmong(groups, settings.CT_SSO_READER_GROUPS) ? 'reader' : undefined;
}

export function isAmong(groups: readonly string[], wanted: readonly string[]): boolean {
  return wanted.includes('*') || groups.some((group) => wanted.includes(group));
}

/** One text, a list of texts, or nothing; the whole name first, for some claims are called by a URL. */
function groupsIn(claims: Claims, path: string): readonly string[] {
  let value: unknown = claims[path];
  if (value === undefined) {
    value = claims;
    for (const part of path.split('.'))
      value =
        typeof value === 'object' && value !== null && Object.hasOwn(value, part)
          ? (value as Claims)[part]
          : undefined;
  }
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((item): item is string => typeof item === 'string').slice(0, groupsMax);
}
