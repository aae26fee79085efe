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

const nameMaxLength = 128;
const emailMaxLength = 320;
const groupsMax = 1_000;

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

/** One text, a list, or nothing; the whole name of the claim first, for some claims are called by a URL. */
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
  return list
    .slice(0, groupsMax)
    .map(groupName)
    .filter((name) => name !== undefined);
}

/** Oracle lists objects with names. */
function groupName(item: unknown): string | undefined {
  const name: unknown = typeof item === 'object' && item !== null ? (item as Claims)['name'] : item;
  return typeof name === 'string' ? name : undefined;
}
