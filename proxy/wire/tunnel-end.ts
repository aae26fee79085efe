/** What every tunnel promises, whoever moves its bytes: how long it may be silent, and how it tells of its end. */
import type { TimerWheel } from './timer-wheel.ts';
import type { ByteCounts } from './wire.ts';

/** How a tunnel ended: which side closed or failed first, or nobody sent anything for too long. */
export interface TunnelEnd {
  readonly bytes: ByteCounts;
  readonly endedBy: 'client' | 'upstream' | 'idle';
  readonly error: Error | undefined;
}

export interface TunnelOptions {
  readonly wheel: TimerWheel;
  readonly idleMs: number;
}

export interface TunnelResolve {
  readonly resolve: (end: TunnelEnd) => void;
}

/** After one side has ended, the other gets so long to end too. */
export const halfCloseMaxMs = 30_000;
