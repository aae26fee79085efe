/**
 * What an exchange needs of the wire that carries it. There are wires for requests and upgrades, over HTTP/1.1 and HTTP/2; affinity,
 * placement, header rules and settle know this interface alone, so that a wire can be replaced.
 */
import type { ErrorCode } from '#shared/errors.ts';
import type { ProxiedClient } from '../proxied/proxy-header.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { HeadEdit } from '../core/header-rules.ts';
import type { RequestHead } from '../core/request-gate.ts';
import type { ClientIdentity } from '../tls/client-identity.ts';
import type { PiecewiseBody } from './answer-body.ts';

/** Where and how to forward, decided before a byte goes out. */
export interface ForwardPlan {
  /** The same in the log lines of the front door and of the edge. */
  readonly exchangeId: string;
  /** Origin of the upstream. */
  readonly address: string;
  readonly target: string;
  /** What becomes of the request's head. */
  readonly edit: HeadEdit;
  /** What becomes of the answer's head, on its way to the client. */
  readonly editAnswer: (headers: HeaderList) => HeadEdit;
  /** A 421 of one of our edges is not for the client: it asks for another placement. */
  readonly takesRefusals: boolean;
  /** As an edge is told that wants a header of the PROXY protocol. */
  readonly client: ProxiedClient;
}

export interface ByteCounts {
  readonly up: number;
  readonly down: number;
}

/** What a tunnel carried, as far as it is known. */
export interface TunnelTotals extends ByteCounts {
  /** Goes on without this front door, which does not hear of its end. */
  readonly isLeft?: boolean;
  /** Of a handshake that its edge finished by itself, and not with a 101. */
  readonly status?: number;
  /** Who ended it; undefined where there was no tunnel. */
  readonly endedBy?: 'client' | 'upstream' | 'idle' | 'front-door' | 'unknown';
}

export type JoinTunnel = (tellBytes: (totals: TunnelTotals) => void) => void;

/** Whose process carries the bytes of an upgraded connection. */
export type Carrier = 'edge' | 'front-door';

export type ForwardOutcome =
  | { readonly kind: 'answered'; readonly status: number; readonly bytes: ByteCounts }
  /** An upgrade was agreed on: `join` lets the bytes flow, and tells once when that is over. */
  | { readonly kind: 'agreed'; readonly join: JoinTunnel; readonly carrier: Carrier }
  | { readonly kind: 'misdirected'; readonly refusal: string }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly cause: unknown;
      /** How far it got: nothing reached the upstream, a request may have, or the client has a part of the answer. */
      readonly reached: 'nothing' | 'upstream' | 'client';
      /** Of the answer that the client has a part of. */
      readonly status?: number;
      readonly bytes: ByteCounts;
    };

export interface Wire {
  readonly kind: 'http' | 'upgrade';
  readonly head: RequestHead;
  readonly peer: {
    readonly address: string;
    readonly secure: boolean;
    readonly identity?: ClientIdentity | undefined;
  };
  readonly hasBody: boolean;
  /** True once the client has left. */
  readonly hasLeft: boolean;
  /** Aborts when the client leaves; made when it is asked for. */
  readonly signal: AbortSignal;
  /** Sends an answer of our own; ends the exchange. */
  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void;
  /** The same, of a body that comes in pieces; settles when the last one is out, or nobody takes them. None for upgrades. */
  answerPiecewise?(
    status: number,
    headers: Readonly<Record<string, string>>,
    body: PiecewiseBody,
  ): Promise<ForwardOutcome>;
  /** Reads the whole body, up to a bound; throws `body-too-large`, `client-left`, `request-timeout`. */
  readBody(maxBytes: number): Promise<string>;
  /** Carries the exchange to the upstream and back; never rejects. `onAnswer` marks the first byte of the answer. */
  forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome>;
}
