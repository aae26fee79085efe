/** What every tunnel promises, whoever moves its bytes: how long it may be silent, and how it tells of its end. */
import type { TimerWheel } from './timer-wheel.ts';
import type { TunnelTotals } from './wire.ts';

/** How a tunnel ended: which side closed or failed first, nobody sent anything for too long, or we cut it. */
export interface TunnelEnd {
  readonly bytes: TunnelTotals;
  readonly endedBy: 'client' | 'upstream' | 'idle' | 'front-door' | 'unknown';
  readonly error: Error | undefined;
}

export interface TunnelOptions {
  readonly wheel: TimerWheel;
  readonly idleMs: number;
}

/** What a tunnel is to those who look after it. */
export interface OpenTunnel {
  /** Ends both sides at once; the end is told as any other. */
  close(): void;
  /** The front door goes: one that goes on without it tells of its end now. */
  leave(): void;
  /** The front door goes for good: tells the client by a close frame where that can be said, else as `close`. */
  part(): void;
}

/** Called once, when both sides are closed. */
export type TellEnd = (end: TunnelEnd) => void;

/** After one side has ended, the other gets so long to end too. */
export const halfCloseMaxMs = 30_000;

/** Apart from what makes the tunnel, so that nothing of the handshake is kept in memory as long as it lasts. */
export function keepTunnel(
  tunnels: Set<OpenTunnel>,
  tellBytes: (totals: TunnelTotals) => void,
  open: (tellEnd: TellEnd) => OpenTunnel,
): void {
  const tunnel = open(({ bytes, endedBy }) => {
    tunnels.delete(tunnel);
    tellBytes({ ...bytes, endedBy });
  });
  tunnels.add(tunnel);
}
