/**
 * The calls of a front door to two edges by which a session travels. Over the edges' own port, which every front
 * door reaches anyway: the session flows through without being kept here, and no lease waits behind it.
 */
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { backEpochHeader, internalHeaders, moveTargets } from '#shared/internal-headers.ts';
import type { EdgeRef } from '../directory/directory.ts';
import type { EdgeCalls } from '../edge-calls.ts';

/** An edge, and the key and epoch under which it is spoken to. */
export interface HandoverPeer {
  readonly edge: EdgeRef;
  readonly address: string;
  readonly key: AffinityKey;
  readonly epoch: Epoch;
}

export interface Released {
  readonly body: Readable;
  readonly bytes: number;
}

/** The edge has said no; `code` is of the error table. */
export class HandoverRefusal extends Error {
  readonly code: string;

  constructor(code: string) {
    super(`the edge refused: ${code}`);
    this.code = code;
  }
}

export type SendRequest = EdgeCalls['request'];

/** Word of an edge is awaited so long where nothing depends on it. */
const wakeMaxMs = 1_000;

export class HandoverCalls {
  readonly #pass: string;
  readonly #send: SendRequest;

  constructor(pass: string, send: SendRequest) {
    this.#pass = pass;
    this.#send = send;
  }

  /** The edge lets the session go, and may have it back under the epoch `back` alone. */
  async release(peer: HandoverPeer, back: Epoch, signal: AbortSignal): Promise<Released> {
    const headers = { ...this.#headers(peer), [backEpochHeader]: String(back) };
    const call = { method: 'POST', headers, signal } as const;
    const answer = await this.#send(peer.address, moveTargets.release, call);
    if (answer.statusCode !== 200) throw await readRefusal(answer);
    return { body: answer.body, bytes: Number(answer.headers['content-length']) };
  }

  /** The edge keeps the session until it is asked for it under the peer's epoch. */
  async prepare(peer: HandoverPeer, { body, bytes }: Released, signal: AbortSignal): Promise<void> {
    const headers = { ...this.#headers(peer), 'content-length': String(bytes) };
    const call = { method: 'POST', headers, body, signal } as const;
    const answer = await this.#send(peer.address, moveTargets.prepare, call);
    if (answer.statusCode !== 204) throw await readRefusal(answer);
    await answer.body.dump();
  }

  /**
   * Any exchange under the new epoch makes the edge go on with the session, so that its deadlines pass; the first
   * newcomer would do as well, so a failure is none.
   */
  async wake(peer: HandoverPeer): Promise<void> {
    const call = { headers: this.#headers(peer), signal: AbortSignal.timeout(wakeMaxMs) };
    try {
      await (await this.#send(peer.address, '/ct-health/', call)).body.dump();
    } catch {
      // As said above.
    }
  }

  #headers({ edge, key, epoch }: HandoverPeer): Record<string, string> {
    return {
      [internalHeaders.pass]: this.#pass,
      [internalHeaders.key]: key,
      [internalHeaders.epoch]: String(epoch),
      [internalHeaders.owner]: formatOwner(edge.id, edge.incarnation),
      [internalHeaders.exchange]: `move-${epoch}`,
    };
  }
}

async function readRefusal({ statusCode, body }: Dispatcher.ResponseData): Promise<HandoverRefusal> {
  const text = await body.text();
  try {
    return new HandoverRefusal((JSON.parse(text) as { code: string }).code);
  } catch {
    return new HandoverRefusal(`status ${statusCode}`);
  }
}
