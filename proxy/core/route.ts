/**
 * What a path means to the front door: answered here, the start of a new session, or an edge's business.
 * Static backends get every path.
 */
import { splitKeyPrefix } from './affinity-key.ts';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

/** Closed set: it is a label in logs and metrics. */
export type RouteName =
  | 'home'
  | 'redirect'
  | 'acme-challenge'
  | 'login-page'
  | 'login'
  | 'meta'
  | 'locate'
  | 'metrics'
  | 'clients'
  | 'health'
  | 'dashboard'
  | 'session-page'
  | 'sso'
  | 'session-create'
  | 'session-join'
  | 'session-poll'
  | 'socket-io'
  | 'y-websocket'
  | 'static'
  | 'unknown';

export interface Route {
  readonly name: RouteName;
  /** `local`: no edge is needed; `create`: gets a new key unless it proposes one; `keyed`: needs a key. */
  readonly needs: 'local' | 'create' | 'keyed' | 'nothing-here';
}

/** For people: at `/~KEY/`, and where one begins a session; its files stand below. */
const sessionPage: Route = { name: 'session-page', needs: 'local' };

const exact: Readonly<Record<string, Route>> = {
  '/': { name: 'home', needs: 'local' },
  '/login.html': { name: 'login-page', needs: 'local' },
  '/metrics': { name: 'metrics', needs: 'local' },
  '/dashboard': { name: 'dashboard', needs: 'local' },
  '/logs': { name: 'dashboard', needs: 'local' },
  '/clients': { name: 'clients', needs: 'local' },
  '/api/meta': { name: 'meta', needs: 'local' },
  '/api/logout': { name: 'login', needs: 'local' },
  '/api/session/create': { name: 'session-create', needs: 'create' },
  '/ct-health/': { name: 'health', needs: 'keyed' },
  '/ct-health': { name: 'health', needs: 'keyed' },
};

/** None begins with another; those that are asked for most stand first. */
const prefixes: readonly (readonly [string, Route])[] = [
  ['/socket.io/', { name: 'socket-io', needs: 'keyed' }],
  ['/y/', { name: 'y-websocket', needs: 'keyed' }],
  ['/api/session/poll/', { name: 'session-poll', needs: 'keyed' }],
  ['/api/session/join/', { name: 'session-join', needs: 'keyed' }],
  ['/session/', sessionPage],
  ['/dashboard/', { name: 'dashboard', needs: 'local' }],
  ['/sso/', { name: 'sso', needs: 'local' }],
  ['/logs/', { name: 'dashboard', needs: 'local' }],
  ['/clients/', { name: 'clients', needs: 'local' }],
  ['/api/login/', { name: 'login', needs: 'local' }],
  ['/api/locate/', { name: 'locate', needs: 'local' }],
];

export const staticRoute: Route = { name: 'static', needs: 'create' };
const nothingHere: Route = { name: 'unknown', needs: 'nothing-here' };

/** Routes a path of our own edges, with or without its `/~KEY` prefix. */
export function routePath(path: string): Route {
  const { keyText, rest } = splitKeyPrefix(path);
  if (keyText !== undefined && rest === '/') return sessionPage;
  if (Object.hasOwn(exact, rest)) return exact[rest]!;
  return prefixes.find(([prefix]) => rest.startsWith(prefix))?.[1] ?? nothingHere;
}

/** True for what belongs to a connection that its edge has already: only that edge can answer it. */
export function isOfConnection(route: RouteName, query: string): boolean {
  return route === 'socket-io' && new URLSearchParams(query).has('sid');
}

/**
 * True where a browser asks beforehand whether a page of another origin may call (Fetch, CORS-preflight). It sends nothing of
 * what the call itself will bear, so that it may name no session.
 */
export function isPreflight({ method, headers }: { method: string; headers: HeaderList }): boolean {
  return method === 'OPTIONS' && headerValues(headers, 'access-control-request-method').length > 0;
}

const idempotentMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'];

/**
 * True for a request that may reach two edges: its method is idempotent (RFC 9110 section 9.2.2), or it is the poll of
 * a guest who waits for the host, which asks and changes nothing.
 */
export function isRepeatable(route: RouteName, method: string): boolean {
  return idempotentMethods.includes(method) || route === 'session-poll';
}
