/**
 * A real provider with the manners of each that `CT_SSO_PROVIDER` names, as their makers document them: where it is asked, what it calls
 * itself, and how it tells groups.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { SignJWT, decodeJwt, importJWK } from 'jose';
import type { Settings } from '#shared/settings/schema.ts';
import { defaultSettings } from '../../test/support/default-settings.ts';
import {
  clientId,
  clientSecret,
  passProvider,
  startSignOnProvider,
} from '../../test/support/sign-on-provider.ts';
import type { ProviderManners, SignOnProvider } from '../../test/support/sign-on-provider.ts';
import { openTrust } from '../upstream-trust.ts';
import { OidcProvider } from './oidc-provider.ts';
import type { Person } from './person.ts';

const door = 'https://front.example.com';
const oracle = 'https://identity.oraclecloud.com/';

interface Case {
  readonly named: string;
  readonly kind: Settings['CT_SSO_PROVIDER'];
  readonly manners: ProviderManners;
  /** Path of the base URL. */
  readonly base?: string;
  readonly groups: readonly string[];
}

const cases: readonly Case[] = [
  {
    named: 'Okta, the server of the organization',
    kind: 'OKTA',
    manners: { groupsScope: 'groups', isStrict: true },
    groups: ['ops', 'staff'],
  },
  {
    named: 'Okta, a server without a scope for groups, which tells them with any',
    kind: 'OKTA',
    manners: { paths: ['/oauth2/default'], isStrict: true },
    groups: ['ops', 'staff'],
  },
  {
    named: 'Microsoft, a tenant by its number',
    kind: 'MICROSOFT',
    manners: { paths: ['/9e67eb9a-b109-4066-a505-bf770af1bdb0/v2.0'] },
    groups: ['ops', 'staff'],
  },
  {
    named: 'Microsoft, a tenant by its domain',
    kind: 'MICROSOFT',
    manners: { paths: ['/9e67eb9a-b109-4066-a505-bf770af1bdb0/v2.0', '/example.onmicrosoft.com/v2.0'] },
    base: '/example.onmicrosoft.com/v2.0',
    groups: ['ops', 'staff'],
  },
  {
    named: 'Oracle, which calls every tenant the same and tells groups with their numbers',
    kind: 'IDCS',
    manners: {
      issuer: oracle,
      groupsScope: 'get_groups',
      groupsAs: (groups) => groups.map((name, at) => ({ name, id: String(at), $ref: `${oracle}${at}` })),
      isEmailVerified: false,
    },
    groups: ['ops', 'staff'],
  },
  {
    named: 'Keycloak, a realm that tells groups with their path',
    kind: 'KEYCLOAK',
    manners: {
      paths: ['/auth/realms/example'],
      groupsAs: (groups) => groups.map((name) => `/${name}`),
    },
    groups: ['/ops', '/staff'],
  },
  {
    named: 'OneLogin',
    kind: 'ONELOGIN',
    manners: { paths: ['/oidc/2'], groupsScope: 'groups' },
    groups: ['ops', 'staff'],
  },
  { named: 'another one', kind: 'none', manners: {}, groups: ['ops', 'staff'] },
];

for (const { named, kind, manners, base, groups } of cases)
  void test(`a provider with the manners of ${named}, lets its people in with their groups`, async (t) => {
    const { provider, asker } = await open(t, { kind, manners, base });
    if (kind === 'IDCS') {
      provider.guardsKeys = true;
      addressTokensAsOracleDoes(provider);
    }
    const person = await logIn(asker);
    assert.deepEqual([person.name, person.groups], ['Ada Lovelace', groups]);
    assert.equal(person.email, kind === 'IDCS' ? undefined : 'ada@example.org');
    const after = new URL((await asker.logoutUrl(`${door}/sso/logout`, 'left'))!);
    assert.equal(after.searchParams.get('post_logout_redirect_uri'), `${door}/sso/logout`);
  });

test('a provider that calls itself by another address than its own is refused, unless it is one of those that do', async (t) => {
  for (const kind of ['none', 'OKTA', 'KEYCLOAK', 'ONELOGIN'] as const) {
    const { asker } = await open(t, { kind, manners: { issuer: 'https://login.example.com' } });
    await assert.rejects(logIn(asker), { code: 'sso-unavailable' }, kind);
  }
});

test('whoever asks for a scope that Okta does not know is refused, as the provider of these tests does it', async (t) => {
  const manners = { isStrict: true };
  const { provider, asker } = await open(t, { kind: 'none', manners });
  const { url } = await asker.begin(`${door}/sso/authorization-code/callback`, {
    for: 'dashboard',
    next: '/dashboard/',
  });
  const away = new URL(url);
  assert.ok(url.startsWith(provider.url));
  away.searchParams.set('scope', 'openid groups');
  assert.match(await passProvider(away.href, 'ada'), /error=invalid_scope/);
});

async function open(
  t: TestContext,
  { kind, manners, base }: Pick<Case, 'kind' | 'manners'> & { base?: string | undefined },
): Promise<{ provider: SignOnProvider; asker: OidcProvider }> {
  const provider = await startSignOnProvider(t);
  provider.manners = manners;
  await provider.serve(door);
  const settings: Settings = {
    ...defaultSettings(),
    CT_SSO_PROVIDER: kind,
    CT_SSO_SYSTEM_BASE_URL: provider.url + (base ?? manners.paths?.[0] ?? ''),
    CT_SSO_CLIENT_ID: clientId,
    CT_SSO_CLIENT_SECRET: clientSecret,
    CT_SSO_SECURE_JWKS_ENDPT_ENABLE: kind === 'IDCS' ? 'true' : 'false',
  };
  const trust = openTrust(settings);
  return { provider, asker: new OidcProvider({ settings, trust, nowMs: () => performance.now() }) };
}

async function logIn(asker: OidcProvider): Promise<Person> {
  const callback = `${door}/sso/authorization-code/callback`;
  const { url, flow } = await asker.begin(callback, { for: 'dashboard', next: '/dashboard/' });
  const back = new URL(await passProvider(url, 'ada'));
  assert.equal(back.origin + back.pathname, callback);
  return await asker.finish(flow, back.search.slice(1));
}

/** For itself and for the client. */
function addressTokensAsOracleDoes(provider: SignOnProvider): void {
  provider.tamper = async (path, answer) => {
    const tokens = path === '/token' ? (JSON.parse(answer.body) as { id_token?: string }) : {};
    if (tokens.id_token === undefined) return answer;
    const [jwk] = provider.keys;
    const claims = { ...decodeJwt(tokens.id_token), aud: [oracle, clientId], azp: clientId };
    const changed = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: jwk!.kid! })
      .sign(await importJWK(jwk!, 'RS256'));
    return { ...answer, body: JSON.stringify({ ...tokens, id_token: changed }) };
  };
}
