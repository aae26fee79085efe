/** What a client connection knows of the others: the listener that it came in by, and the wires that carry its requests. */
import type { AppError, ErrorCode } from '#shared/errors.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { RequestBody } from './request-body.ts';
import type { RequestScanner } from './request-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { TurnQueue } from './turn-queue.ts';
import type { Wire } from './wire.ts';

/** A wire as its connection sees it. */
export interface ClientWire extends Wire {
  readonly body: RequestBody | undefined;
  /** False when the answer said that no further request of this connection is served. */
  readonly persists: boolean;
  /** The client has left, or stopped sending in the middle of its body. */
  leave(reason: AppError): void;
  /** The client takes bytes again. */
  onDrain(): void;
}

/** `Connection` is the client connection itself. */
export interface DoorOf<Connection> {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  /** Requests of clients who send many at once. */
  readonly ahead: TurnQueue;
  readonly metrics: Metrics;
  readonly secure: boolean;
  readonly isStopping: boolean;
  openWire(connection: Connection, scanner: RequestScanner): ClientWire;
  /** What was no request, or none in time, was answered with this. */
  noteRefusal(code: ErrorCode, address: string): void;
  conduct(wire: ClientWire): Promise<void>;
  forget(connection: Connection): void;
}
