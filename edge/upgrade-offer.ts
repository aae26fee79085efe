/**
 * An upgrade that this edge has admitted and an adapter has yet to decide on. The way to the client is there only once it
 * is taken: the front door may have the client's own connection to give away, and a refusal is an answer of HTTP until then.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode } from '#shared/errors.ts';
import { refuseUpgrade } from './refusal.ts';

/** What an upgraded protocol runs on: the socket, and what the client has sent behind its head. */
export interface UpgradeWay {
  readonly socket: Duplex;
  readonly head: Buffer;
}

export interface UpgradeOffer {
  /** Answers in HTTP; nothing more is to be called. */
  refuse(code: ErrorCode): void;
  /** Undefined where the client has left meanwhile, or may not be served any more. Never rejects. */
  take(): Promise<UpgradeWay | undefined>;
}

/** An upgrade whose bytes the front door carries: the way is its connection to this edge. */
export function offerConnection(way: UpgradeWay, exchangeId: string): UpgradeOffer {
  return {
    refuse: (code) => refuseUpgrade(way.socket, code, exchangeId),
    take: () => Promise.resolve(way),
  };
}

const fieldAdders = new WeakMap<IncomingMessage, (fields: string[]) => void>();

/** The answer to this request is the client's own: what a front door would have added to it is added here. */
export function answerWith(request: IncomingMessage, addFields: (fields: string[]) => void): void {
  fieldAdders.set(request, addFields);
}

/** To be called with the fields of each 101 before it is written, each a line of its head. */
export function addAnswerFields(fields: string[], request: IncomingMessage): void {
  const add = fieldAdders.get(request);
  // Whoever keeps the request for long keeps no more than that.
  fieldAdders.delete(request);
  add?.(fields);
}
