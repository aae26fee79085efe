/**
 * The provider of single sign-on as this server asks it: what it says of itself, where a browser is to be sent, and what a code
 * is worth. Every call has a deadline and a bound; the keys are asked for anew with each login, so that they may change at any time.
 */
import { createLocalJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { fetch } from 'undici';
import type { Dispatcher } from 'undici';
import { AppError } from '#shared/errors.ts';
import { openOutbound } from '#shared/outbound.ts';
import { ssoBaseOf } from '#shared/settings/sso-settings.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import type { Flow, Purpose } from './flow-cookie.ts';
import { personOf } from './person.ts';
import type { Person } from './person.ts';
import { discoveryOf, scopesOf } from './provider-kinds.ts';

interface ProviderOptions {
  readonly settings: Settings;
  readonly trust: Pick<UpstreamTrust, 'secureContext' | 'rejectUnauthorized'>;
  readonly nowMs: () => number;
}

const callMaxMs = 5_000;
const answerMaxBytes = 1_048_576;
/** What it says of itself is asked for again after so long. */
const knownMaxMs = 600_000;
/** Settings that what is known of it is known by. */
const knownBy = [
  'CT_SSO_SYSTEM_BASE_URL',
  'CT_SSO_AUTHORIZATION_ENDPT',
  'CT_SSO_TOKEN_ENDPT',
  'CT_SSO_PROVIDER',
  'CT_SSO_CLIENT_ID',
  'CT_SSO_CLIENT_SECRET',
] as const;
/** Its clock and ours may differ by as much. */
const skewSeconds = 60;
const algorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
];
/** Shows its keys to clients only: Oracle gives a token for that. */
const keysScope = 'urn:opc:idm:__myscopes__';

export class OidcProvider {
  readonly #options: ProviderOptions;
  #outbound: Dispatcher | undefined;
  #known: { readonly config: oidc.Configuration; readonly by: string; readonly untilMs: number } | undefined;
  #asking: { readonly answer: Promise<oidc.Configuration>; readonly by: string } | undefined;

  constructor(options: ProviderOptions) {
    this.#options = options;
  }

  /** Where the browser goes, and what is to be remembered until it is back. Throws `sso-unavailable`. */
  async begin(callback: string, purpose: Purpose): Promise<{ readonly url: string; readonly flow: Flow }> {
    const { settings } = this.#options;
    const config = await this.#config();
    const flow = {
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      verifier: oidc.randomPKCECodeVerifier(),
      callback,
      purpose,
    };
    const isOffline = settings.CT_REQUEST_OFFLINE_ACCESS === 'true';
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: scopesOf(settings.CT_SSO_PROVIDER, {
        isOffline,
        supported: config.serverMetadata().scopes_supported,
      }),
      code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
      code_challenge_method: 'S256',
      state: flow.state,
      nonce: flow.nonce,
      // Without it a provider may leave the scope out (OpenID Connect Core section 11).
      ...(isOffline ? { prompt: 'consent' } : {}),
    });
    return { url: url.href, flow };
  }

  /** Who has come back, by the query of the callback. Throws `sso-refused` and `sso-unavailable`. */
  async finish(flow: Flow, query: string): Promise<Person> {
    const config = await this.#config();
    const current = new URL(`${flow.callback}?${query}`);
    const checks = {
      expectedState: flow.state,
      expectedNonce: flow.nonce,
      pkceCodeVerifier: flow.verifier,
      idTokenExpected: true,
    };
    return await judged(async () => {
      const tokens = await oidc.authorizationCodeGrant(config, current, checks);
      const claims = await this.#verify(config, tokens.id_token!);
      const groupsClaim = this.#options.settings.CT_SSO_GROUPS_CLAIM || 'groups';
      const person = personOf(claims, groupsClaim);
      if (person.groups.length > 0 || config.serverMetadata().userinfo_endpoint === undefined) return person;
      // Some tell no more in the token than who it is.
      const more = await oidc.fetchUserInfo(config, tokens.access_token, String(claims['sub']));
      return personOf({ ...more, ...claims }, groupsClaim);
    });
  }

  /**
   * Where the browser logs out at the provider, and then comes to `after` with this `state`; undefined where that has no such page, or
   * cannot be asked.
   */
  async logoutUrl(after: string, state: string): Promise<string | undefined> {
    const config = await this.#config().catch(() => undefined);
    if (config?.serverMetadata().end_session_endpoint === undefined) return undefined;
    return oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: after, state }).href;
  }

  /** The signature, and once more whom it is for: the library has looked at what is said, not at who signed it. */
  async #verify(config: oidc.Configuration, token: string): Promise<Record<string, unknown>> {
    const { issuer, jwks_uri: address } = config.serverMetadata();
    if (address === undefined)
      throw new AppError('sso-unavailable', { facts: { reason: 'it names no keys' } });
    const headers: Record<string, string> = {};
    if (this.#options.settings.CT_SSO_SECURE_JWKS_ENDPT_ENABLE === 'true') {
      const granted = await oidc.clientCredentialsGrant(config, { scope: keysScope });
      headers['authorization'] = `Bearer ${granted.access_token}`;
    }
    const answer = await this.#fetch(address, { method: 'GET', headers });
    if (!answer.ok)
      throw new AppError('sso-unavailable', { facts: { reason: `keys: status ${answer.status}` } });
    const keys = createLocalJWKSet((await answer.json()) as Parameters<typeof createLocalJWKSet>[0]);
    // The issuer of Microsoft's common tenants holds the tenant, which the library has seen to.
    const names = issuer.includes('{tenantid}') ? {} : { issuer };
    const audience = config.clientMetadata().client_id;
    const options = {
      ...names,
      audience,
      algorithms,
      clockTolerance: skewSeconds,
      requiredClaims: ['exp', 'sub'],
    };
    return (await jwtVerify(token, keys, options)).payload;
  }

  /** One question at a time, whoever waits for it. */
  async #config(): Promise<oidc.Configuration> {
    const { nowMs, settings } = this.#options;
    // A reload may have changed them.
    const by = knownBy.map((name) => settings[name]).join('\n');
    if (this.#known?.by === by && this.#known.untilMs > nowMs()) return this.#known.config;
    if (this.#asking?.by !== by) this.#asking = { answer: this.#discover(), by };
    const asking = this.#asking;
    try {
      const config = await asking.answer;
      this.#known = { config, by, untilMs: nowMs() + knownMaxMs };
      return config;
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }

  async #discover(): Promise<oidc.Configuration> {
    const { settings } = this.#options;
    const {
      CT_SSO_CLIENT_ID: id,
      CT_SSO_CLIENT_SECRET: secret,
      CT_SSO_TOKEN_ENDPT: tokenEndpoint,
    } = settings;
    const base = new URL(ssoBaseOf(settings));
    const customFetch: oidc.CustomFetch = async (url, options) =>
      await this.#fetch(url, options as RequestInit);
    const metadata = { [oidc.clockTolerance]: skewSeconds };
    // Only of this machine; the settings are refused otherwise.
    const execute = base.protocol === 'http:' ? [oidc.allowInsecureRequests] : [];
    const options = { [oidc.customFetch]: customFetch, execute };
    try {
      const address = discoveryOf(settings.CT_SSO_PROVIDER, base);
      const found = await oidc.discovery(address, id, metadata, proofOf(secret), options);
      if (tokenEndpoint === '') return found;
      const said: oidc.ServerMetadata = found.serverMetadata();
      const server = { ...said, token_endpoint: tokenEndpoint };
      const config = new oidc.Configuration(server, id, metadata, proofOf(secret));
      config[oidc.customFetch] = customFetch;
      if (base.protocol === 'http:') oidc.allowInsecureRequests(config);
      return config;
    } catch (cause) {
      throw new AppError('sso-unavailable', { cause });
    }
  }

  get #dispatcher(): Dispatcher {
    const { settings, trust } = this.#options;
    const { secureContext, rejectUnauthorized } = trust;
    return (this.#outbound ??= openOutbound(settings.CT_PROXY, {
      secureContext,
      rejectUnauthorized,
      timeout: callMaxMs,
    }));
  }

  async #fetch(url: string, { method, headers, body, signal }: RequestInit): Promise<Response> {
    const deadline = AbortSignal.timeout(callMaxMs);
    const answer = await fetch(url, {
      method: method ?? 'GET',
      redirect: 'manual',
      headers: headers as Record<string, string>,
      body: (body ?? null) as string | null,
      dispatcher: this.#dispatcher,
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    if (answer.status >= 500) {
      await answer.body?.cancel();
      throw new AppError('sso-unavailable', { facts: { status: answer.status } });
    }
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    for await (const piece of answer.body ?? []) {
      bytes += piece.byteLength;
      if (bytes > answerMaxBytes) throw new Error('the provider says more than is read');
      pieces.push(piece);
    }
    const { status } = answer;
    const content = bytes === 0 ? null : Buffer.concat(pieces);
    return new Response(content, { status, headers: [...answer.headers] });
  }
}

/** How this server proves who it is, as the provider takes it. */
function proofOf(secret: string): oidc.ClientAuth {
  if (secret === '') return oidc.None();
  const [inHeader, inBody] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, ...request) => {
    // Where nothing is said it is the header (OpenID Connect Discovery section 3).
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return methods.includes('client_secret_basic')
      ? inHeader(server, ...request)
      : inBody(server, ...request);
  };
}

/** Whatever is wrong with what came back: the provider is at fault where it was not there, and the login otherwise. */
async function judged<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError(isAbsence(error) ? 'sso-unavailable' : 'sso-refused', { cause: error });
  }
}

function isAbsence(error: unknown): boolean {
  if (error instanceof AppError) return error.code === 'sso-unavailable';
  if (!(error instanceof Error)) return false;
  const { name, code = '', cause } = error as NodeJS.ErrnoException;
  if (['TimeoutError', 'AbortError'].includes(name) || /^(E[A-Z]+|UND_ERR_\w+)$/.test(code)) return true;
  return isAbsence(cause);
}
