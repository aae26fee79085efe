/**
 * A real OpenID Connect provider (npm `oidc-provider`) on loopback, with people of the test and its own pages for login and
 * consent. What it says may be changed on the way, as a hostile or broken one would say it.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer } from '#shared/node-http.ts';
import { exportJWK, generateKeyPair } from 'jose';
import type { JWK } from 'jose';
import { Provider } from 'oidc-provider';
import { fetch } from 'undici';
import type { Certificate } from './certificate.ts';
import type { Lifetime } from './child-end.ts';
import type { Viewer } from './viewer.ts';

export const clientId = 'mooring';
export const clientSecret = 'a client secret for tests only';

/** Groups of each person, by the name that they log in with. */
const people: Readonly<Record<string, readonly string[]>> = {
  ada: ['ops', 'staff'],
  bob: ['support'],
  eve: ['strangers'],
};

/** What providers do differently. */
export interface ProviderManners {
  /** Paths that all it has stands below; each is asked like the other. */
  readonly paths?: readonly string[];
  /** Where it is not its address and first path. */
  readonly issuer?: string;
  /** Scope that it tells groups for. */
  readonly groupsScope?: string;
  readonly groupsAs?: (groups: readonly string[]) => unknown;
  readonly isEmailVerified?: boolean;
  /** Refuses a login for a scope that it does not list, as Okta does. */
  readonly isStrict?: boolean;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

export class SignOnProvider {
  readonly #server: Server;
  #handle: (request: IncomingMessage, response: ServerResponse) => void = (_, response) =>
    response.writeHead(503).end();
  #redirects: string[] = [];
  keys: JWK[] = [];
  /** Changes an answer on its way, by the path that was asked for. */
  tamper: ((path: string, answer: Answer) => Promise<Answer> | Answer) | undefined;
  /** Shows its keys to clients alone, as Oracle's does. */
  guardsKeys = false;
  manners: ProviderManners = {};

  constructor(server: Server) {
    this.#server = server;
  }

  get url(): string {
    const scheme = 'setSecureContext' in this.#server ? 'https' : 'http';
    return `${scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get settings(): Record<string, string> {
    return {
      CT_SSO_SYSTEM_BASE_URL: this.url,
      CT_SSO_CLIENT_ID: clientId,
      CT_SSO_CLIENT_SECRET: clientSecret,
      CT_SSO_ADMIN_GROUPS: 'ops',
      CT_SSO_READER_GROUPS: 'support',
    };
  }

  /** Knows the front doors that browsers are sent back to. */
  async serve(...origins: readonly string[]): Promise<void> {
    this.#redirects = origins.map((origin) => `${origin}/sso/authorization-code/callback`);
    await this.rotateKeys();
  }

  /** Begins anew with another key, as after a rotation without an overlap. */
  async rotateKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair('RS256', { extractable: true });
    this.keys = [
      {
        ...(await exportJWK(privateKey)),
        alg: 'RS256',
        use: 'sig',
        kid: `key-${Date.now()}-${Math.random()}`,
      },
    ];
    this.#open();
  }

  /** Answers nothing any more but that it is not there. */
  breakDown(): void {
    this.#handle = (_, response) => response.writeHead(503).end('no');
  }

  /** Takes every question and answers none. */
  hang(): void {
    this.#handle = () => undefined;
  }

  get #scopes(): string[] {
    return ['openid', 'offline_access', 'profile', 'email', this.manners.groupsScope ?? 'profile'];
  }

  #open(): void {
    const { paths = [''], groupsScope = 'profile', groupsAs, isEmailVerified = true } = this.manners;
    const claims: Record<string, string[]> = { profile: ['name'], email: ['email', 'email_verified'] };
    claims[groupsScope] = [...(claims[groupsScope] ?? []), 'groups'];
    const provider = new Provider(this.manners.issuer ?? this.url + paths[0], {
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: this.#redirects,
          grant_types: ['authorization_code', 'client_credentials'],
          post_logout_redirect_uris: this.#redirects.map((uri) => `${new URL(uri).origin}/sso/logout`),
        },
      ],
      jwks: { keys: this.keys },
      cookies: { keys: ['a cookie key for tests only'] },
      claims: { openid: ['sub'], ...claims },
      scopes: ['openid', 'offline_access', 'urn:opc:idm:__myscopes__'],
      features: { clientCredentials: { enabled: true } },
      pkce: { required: () => true },
      findAccount: (_, id) => ({
        accountId: id,
        claims: () => ({
          sub: id,
          name: `${id[0]!.toUpperCase()}${id.slice(1)} Lovelace`,
          email: `${id}@example.org`,
          email_verified: isEmailVerified,
          groups: groupsAs?.(people[id] ?? []) ?? people[id] ?? [],
        }),
      }),
    });
    this.#handle = (request, response) => {
      const path = paths.find((one) => request.url?.startsWith(`${one}/`));
      if (path === undefined) return void response.writeHead(404).end();
      // As a framework mounts it.
      Object.assign(request, { originalUrl: request.url, url: request.url?.slice(path.length) });
      void provider.callback()(request, response);
    };
  }

  readonly onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.url);
    const hasToken = request.headers.authorization?.startsWith('Bearer ') ?? false;
    if (this.guardsKeys && path.endsWith('/jwks') && !hasToken) return void response.writeHead(401).end();
    const isUnlisted = (scope: string): boolean => !this.#scopes.includes(scope);
    if (this.manners.isStrict && query.get('scope')?.split(' ').some(isUnlisted)) {
      const refusal = new URLSearchParams({ error: 'invalid_scope', state: query.get('state')! });
      return void response.writeHead(303, { location: `${query.get('redirect_uri')}?${refusal}` }).end();
    }
    if (this.tamper === undefined) return this.#handle(request, response);
    const end = response.end.bind(response);
    const pieces: Buffer[] = [];
    const tamper = this.tamper;
    let isEnded = false;
    const keep = (piece: unknown): void => {
      if (typeof piece === 'string' || piece instanceof Uint8Array) pieces.push(Buffer.from(piece));
    };
    response.write = ((piece: unknown) => (keep(piece), true)) as typeof response.write;
    response.end = ((piece: unknown) => {
      // The provider's own pages are ended once more by what is below them.
      if (isEnded) return response;
      isEnded = true;
      keep(piece);
      void (async () => {
        const { status, body } = await tamper(path, {
          status: response.statusCode,
          body: Buffer.concat(pieces).toString(),
        });
        response.statusCode = status;
        response.setHeader('content-length', Buffer.byteLength(body));
        end(body, 'utf8');
      })();
      return response;
    }) as typeof response.end;
    this.#handle(request, response);
  };
}

/** Ends with the test. With a certificate it speaks HTTPS, which the test has to trust. */
export async function startSignOnProvider(t: Lifetime, certificate?: Certificate): Promise<SignOnProvider> {
  const answer = (request: IncomingMessage, response: ServerResponse): void =>
    provider.onRequest(request, response);
  const server =
    certificate === undefined ? createServer(answer) : createSecureServer(pairOf(certificate), answer);
  const provider = new SignOnProvider(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return provider;
}

function pairOf({ certPath, keyPath }: Certificate): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certPath), key: readFileSync(keyPath) };
}

/**
 * A browser without a window, for the provider's pages: follows it, logs in, agrees, and stops at the address that leads back
 * to a front door, which it gives.
 */
export async function passProvider(start: string, name: string): Promise<string> {
  const { origin } = new URL(start);
  const cookies = new Map<string, string>();
  let url = start;
  let form: URLSearchParams | undefined;
  for (let steps = 0; steps < 12; steps++) {
    const answer = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      body: form ?? null,
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([cookie, value]) => `${cookie}=${value}`).join('; ') },
    });
    for (const field of answer.headers.getSetCookie()) {
      const [, cookie = '', value = ''] = /^([^=]+)=([^;]*)/.exec(field) ?? [];
      cookies.set(cookie, value);
    }
    const location = answer.headers.get('location');
    form = undefined;
    if (location !== null) {
      url = new URL(location, url).href;
      if (new URL(url).origin !== origin) return url;
      continue;
    }
    const page = await answer.text();
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(page) ?? [];
    if (prompt === undefined)
      throw new Error(`the provider shows something else: ${answer.status} ${page.slice(0, 2_000)}`);
    form = new URLSearchParams({ prompt, ...(prompt === 'login' ? { login: name, password: 'any' } : {}) });
    const [, action = url] = /action="([^"]+)"/.exec(page) ?? [];
    url = new URL(action, url).href;
  }
  throw new Error(`the provider leads nowhere: ${url}`);
}

/** Begins at a front door, passes the provider as `name`, and gives the path that leads back. */
export async function comeBack(viewer: Viewer, name: string, start = '/dashboard/sso'): Promise<string> {
  const away = await viewer.ask(start);
  if (away.status !== 303) throw new Error(`the front door leads nowhere: ${away.status} ${away.text}`);
  const { pathname, search } = new URL(await passProvider(away.headers.location!, name));
  return pathname + search;
}
