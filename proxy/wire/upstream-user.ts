/** The two sides of a connection to an edge: who uses it for one exchange, and who owns it between exchanges. */
import type { ErrorCode } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Framing } from '../core/body-framing.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { ResponseScanner } from './response-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';

export interface UpstreamFailure {
  readonly code: ErrorCode;
  readonly reached: 'nothing' | 'upstream';
  readonly cause: unknown;
  /** A connection that had served before was closed, before a byte of this answer: the edge may just have let it go. */
  readonly isStale: boolean;
}

/** Who uses a connection for one exchange. */
export interface UpstreamUser {
  readonly method: string;
  /** For a header of the PROXY protocol, where the edge wants one. */
  readonly client: ProxiedClient;
  /** Whether a 101 is an answer to its request. */
  readonly takesUpgrade: boolean;
  /** Spans of the last read wait for somebody: their memory must not be read into again. */
  readonly holdsBytes: boolean;
  /** The connection may be written to. */
  onReady(connection: EdgeConnection): void;
  /** The head of the answer; returns whether a chunked body keeps its framing. */
  onHead(scanner: ResponseScanner, headers: HeaderList, framing: Framing): boolean;
  /** An interim answer other than 100 and 101 (RFC 9110 section 15.2); whoever does not hear of it does without. */
  onInterim?(scanner: ResponseScanner, headers: HeaderList): void;
  onSpan(span: Buffer): void;
  /** The lines behind a chunked body, latin1; whoever does not hear of them does without. */
  onTrailers?(lines: string): void;
  /** All of one read was handed over. */
  onReadEnd(payloadBytes: number): void;
  onAnswerEnd(): void;
  onDrain(): void;
  onFailure(failure: UpstreamFailure): void;
}

/** A connection to an edge, for as long as an exchange has it. */
export interface EdgeConnection {
  /** False when the writer should wait for `onDrain`. Text is latin1. */
  write(bytes: string | Buffer): boolean;
  /** The whole request was written: from now on the edge has to answer. */
  markRequestSent(): void;
  pause(): void;
  resume(): void;
  /** Begins an exchange on a free connection. */
  use(user: UpstreamUser): void;
  /** The edge is over: an exchange under way fails, for its answer will not come. */
  fail(cause: Error): void;
  /** Ends the connection, whatever it does; its user hears no more of it. */
  destroy(): void;
}

export interface ConnectionOwner {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly transport: Transport;
  /** The connection is clean and free. */
  onFree(connection: EdgeConnection): void;
  onClosed(connection: EdgeConnection): void;
}
