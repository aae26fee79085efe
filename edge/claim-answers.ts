/** What this edge holds live, told to a front door that compares: in short, or key by key. */
import { listedClaimsMax } from '#shared/control-protocol.ts';
import type { EdgeMessage, FrontDoorOrder } from '#shared/control-protocol.ts';
import type { KeyRegistry } from './core/key-registry.ts';

export function answerClaims(
  order: FrontDoorOrder & { type: 'digest-claims' | 'list-claims' },
  registry: KeyRegistry,
  now: { readonly ms: number; readonly isServing: boolean },
): EdgeMessage {
  const { request } = order;
  if (order.type === 'digest-claims')
    return { type: 'digest', request, isServing: now.isServing, sums: [...registry.digest(now.ms)] };
  const { bucket, after } = order;
  const page = registry.claims(now.ms, { bucket, after, limit: listedClaimsMax });
  return { type: 'claims', request, ...page };
}
