/** Whether a request that failed may go to another owner of its key. */
import { isRepeatable } from './core/route.ts';
import type { RouteName } from './core/route.ts';
import type { ForwardOutcome } from './wire/wire.ts';

interface FailedRequest {
  readonly hasBody: boolean;
  readonly method: string;
  readonly route: RouteName;
}

/** Failures that have nothing to do with whether the owner is over. */
const finalCodes = new Set(
  'client-left request-timeout framing-ambiguous edge-busy upstream-untrusted'.split(' '),
);

/** Nothing of it reached the edge, or it may be repeated and the edge broke off before the answer began. */
export function mayTryAgain(failure: ForwardOutcome & { kind: 'failed' }, request: FailedRequest): boolean {
  if (failure.reached === 'client' || finalCodes.has(failure.code)) return false;
  if (failure.reached === 'nothing') return true;
  return (
    failure.code === 'upstream-broken' && !request.hasBody && isRepeatable(request.route, request.method)
  );
}
