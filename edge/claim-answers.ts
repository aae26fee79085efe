/** What this edge holds live, told to a front door that compares, in short or key by key, or that asks about one key. */
import { listedClaimsMax } from '#shared/control-protocol.ts';
import type { EdgeMessage, FrontDoorOrder } from '#shared/control-protocol.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { KeyRegistry } from './core/key-registry.ts';

interface Standing {
  readonly ms: number;
  readonly isServing: boolean;
  /** When the last report was sent for which the store renewed the lease. */
  readonly renewedAtMs: number;
  /** When the oldest report was sent that is some front door's last to have been answered; -Infinity where one owes its word. */
  readonly heardAtMs: number;
}

export function answerClaims(
  order: FrontDoorOrder & { type: 'digest-claims' | 'list-claims' | 'who-holds' },
  registry: KeyRegistry,
  now: Standing,
): EdgeMessage {
  const { request } = order;
  switch (order.type) {
    case 'digest-claims':
      return { type: 'digest', request, isServing: now.isServing, sums: [...registry.digest(now.ms)] };
    case 'list-claims': {
      const { bucket, after } = order;
      const page = registry.claims(now.ms, { bucket, after, limit: listedClaimsMax });
      return { type: 'claims', request, ...page };
    }
    case 'who-holds': {
      const epoch = now.isServing ? registry.claimOf(order.key as AffinityKey) : undefined;
      const renewedAgoMs = Math.max(0, now.ms - now.renewedAtMs);
      const heardAgoMs = now.ms - now.heardAtMs;
      const heard = Number.isFinite(heardAgoMs) ? { heardAgoMs: Math.max(0, heardAgoMs) } : {};
      return { type: 'holds', request, epoch: epoch ?? 0, renewedAgoMs, ...heard };
    }
  }
}
