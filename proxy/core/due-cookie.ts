/** Whether a client gets its key as a cookie, and for which path. */
import type { AffinityKey } from '#shared/ids.ts';
import { splitKeyPrefix } from './affinity-key.ts';
import type { Affinity } from './affinity-key.ts';
import { affinityCookie } from './header-rules.ts';
import type { Route } from './route.ts';

interface KeyedRequest {
  readonly key: AffinityKey;
  readonly affinity: Affinity;
  readonly secure: boolean;
  readonly path: string;
  readonly route: Route;
  /** It goes to a static backend. */
  readonly isStatic: boolean;
}

/** Browsers get the key as a cookie when they came without it: under the session's own path, or at `/` for static backends. */
export function dueCookie({
  key,
  affinity,
  secure,
  path,
  route,
  isStatic,
}: KeyedRequest): string | undefined {
  if (affinity.kind === 'keyed' && (affinity.source === 'header' || affinity.source === 'cookie'))
    return undefined;
  if (isStatic) return affinityCookie(key, '/', secure);
  const isPage = splitKeyPrefix(path).keyText !== undefined || route.name === 'session-create';
  return isPage ? affinityCookie(key, `/~${key}/`, secure) : undefined;
}
