/**
 * Slows a sender that is too fast: its WebSocket is not read, or its next poll request waits, for as long as its member's
 * pace says. What waits is in the client's and the network's buffers, not in ours.
 */
import type { Socket as EngineSocket } from 'engine.io';
import type { Metrics } from '#shared/metrics.ts';
import { SenderPace } from '../core/sender-pace.ts';
import type { PaceLimits, PaceVerdict } from '../core/sender-pace.ts';
import type { ConnectionId, MemberId } from '../core/session-state.ts';
import { heartbeatOf } from './heartbeat.ts';
import type { MemberSocket } from './member-socket.ts';
import { pauseReading, proveLife, resumeReading } from './transport.ts';

interface BrakesOptions {
  readonly pace: PaceLimits;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
}

/** Clients wait three times as long. */
const pingIntervalMs = 5_000;

const holds = new WeakMap<EngineSocket, Promise<void>>();

/** Until when the next request of a client that polls has to wait; undefined where it has not. */
export function holdOf(conn: EngineSocket): Promise<void> | undefined {
  return holds.get(conn);
}

/** The brakes of one session. */
export class SenderBrakes {
  readonly #options: BrakesOptions;
  readonly #brakes = new Map<ConnectionId, SenderBrake>();
  /** A member keeps its pace over all its connections. */
  readonly #paces = new Map<MemberId, SenderPace>();

  constructor(options: BrakesOptions) {
    this.#options = options;
  }

  fit({ id, conn }: MemberSocket, member: MemberId): void {
    const { pace: limits, nowMs } = this.#options;
    const pace = this.#paces.get(member) ?? new SenderPace(limits, nowMs());
    this.#paces.set(member, pace);
    this.#brakes.set(id, new SenderBrake(conn, pace));
    conn.once('close', () => {
      this.#brakes.get(id)?.release();
      this.#brakes.delete(id);
    });
  }

  /** A message has come; false where it must not be taken. */
  take(connection: ConnectionId, bytes: number): boolean {
    const brake = this.#brakes.get(connection);
    const verdict = brake?.judge(bytes, this.#options.nowMs());
    if (brake === undefined || verdict?.kind !== 'pause') return verdict?.kind !== 'refuse';
    if (brake.pause(verdict.ms, this.#options.nowMs()))
      this.#options.metrics.count('ct_edge_slowed_total', { adapter: 'oct', limit: verdict.limit });
    return true;
  }

  forget(member: MemberId): void {
    this.#paces.delete(member);
  }

  /** Holds nobody back any more: the session is brought to its end here, and must hear all that was sent. */
  takeOff(): void {
    for (const brake of this.#brakes.values()) brake.release();
    this.#brakes.clear();
  }
}

class SenderBrake {
  readonly #conn: EngineSocket;
  readonly #pace: SenderPace;
  #release: (() => void) | undefined;
  #pingedMs = -Infinity;

  constructor(conn: EngineSocket, pace: SenderPace) {
    this.#conn = conn;
    this.#pace = pace;
  }

  judge(bytes: number, nowMs: number): PaceVerdict {
    return this.#pace.take(bytes, nowMs);
  }

  /** False where it is pausing already. */
  pause(ms: number, nowMs: number): boolean {
    // The pong waits behind much that is not read yet, and Engine.IO pings again only after it: without these the
    // one side would give the other up. Test: edge/oct/sender-brake.test.ts.
    proveLife(this.#conn);
    if (nowMs - this.#pingedMs > pingIntervalMs) {
      this.#pingedMs = nowMs;
      heartbeatOf(this.#conn).ping();
    }
    if (this.#release !== undefined) return false;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(() => this.release(), ms);
    this.#release = () => {
      clearTimeout(timer);
      holds.delete(this.#conn);
      resumeReading(this.#conn);
      resolve();
    };
    holds.set(this.#conn, promise);
    pauseReading(this.#conn);
    return true;
  }

  release(): void {
    this.#release?.();
    this.#release = undefined;
  }
}
