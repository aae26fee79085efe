/**
 * What providers of single sign-on do in ways of their own, by the names that `CT_SSO_PROVIDER` takes: where their groups are, what has
 * to be asked for so that they tell them, and whether they call themselves by another address than the one that they are asked at. Pure.
 */
import type { Settings } from '#shared/settings/schema.ts';

export type ProviderKind = Settings['CT_SSO_PROVIDER'];

interface Kind {
  /** Scope that makes it tell groups. */
  readonly groupsScope?: string;
  /** Its issuer is not the address that its document stands below (against OpenID Connect Discovery section 4.3). */
  readonly isNamedOtherwise?: (path: string) => boolean;
}

const kinds: Readonly<Record<ProviderKind, Kind>> = {
  OKTA: { groupsScope: 'groups' },
  // A tenant may be asked for by its domain, and calls itself by its number. With several tenants, the token says which one it is.
  MICROSOFT: { isNamedOtherwise: (path) => !/^\/(common|organizations)\//.test(path) },
  // Every tenant is https://identity.oraclecloud.com/.
  IDCS: { groupsScope: 'get_groups', isNamedOtherwise: () => true },
  ONELOGIN: { groupsScope: 'groups' },
};

const documentPath = '/.well-known/openid-configuration';

/** `supported`: scopes that it lists, where it does. One that it does not know may be a reason to refuse the login (Okta). */
export function scopesOf(
  kind: ProviderKind,
  { isOffline, supported }: { isOffline: boolean; supported: readonly string[] | undefined },
): string {
  const groupsScope = kinds[kind]?.groupsScope;
  const scopes = ['openid', 'profile', 'email'];
  if (groupsScope !== undefined && (supported === undefined || supported.includes(groupsScope)))
    scopes.push(groupsScope);
  if (isOffline) scopes.push('offline_access');
  return scopes.join(' ');
}

/** The issuer itself, which has to be what the document says that it is; or the document, whose word counts. */
export function discoveryOf(kind: ProviderKind, base: URL): URL {
  const isDocument = base.pathname.includes('/.well-known/');
  if (isDocument || kinds[kind]?.isNamedOtherwise?.(base.pathname) !== true) return base;
  return new URL(base.pathname.replace(/\/$/, '') + documentPath, base);
}
