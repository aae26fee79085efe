/** The edges whose control connection is up, to ask something of: which sessions they have, to drain, to forget. */
import type { ClaimedKey, EdgeMessage, FrontDoorMessage } from '#shared/control-protocol.ts';
import type { AffinityKey, EdgeId, Epoch } from '#shared/ids.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { HeardOfDoors } from '../core/judge-outage.ts';
import type { EdgeRef } from '../directory/directory.ts';

export interface EdgeSessions {
  readonly total: number;
  /** The smallest of them, smallest first. */
  readonly keys: readonly AffinityKey[];
}

export interface HeldKey {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
  /** A connection is open; otherwise somebody asked for the key just now. */
  readonly isOpen: boolean;
}

export interface HeldDigest {
  readonly isServing: boolean;
  readonly sums: readonly number[];
}

export interface HolderAnswer {
  /** Undefined where the edge has nothing of the key. */
  readonly epoch: Epoch | undefined;
  /** What it has heard of its leases, through all front doors. */
  readonly heard: HeardOfDoors;
}

/** What an edge says to a question of ours. */
export type EdgeAnswer = Extract<EdgeMessage, { readonly request: number }>;

type Send = (message: FrontDoorMessage) => void;

const answerMaxMs = 2_000;

export class EdgeLinks {
  readonly #links = new Map<EdgeId, { readonly edge: EdgeRef; readonly send: Send }>();
  readonly #waiting = new Map<number, (answer: EdgeAnswer) => void>();
  #nextRequest = 1;

  add(edge: EdgeRef, send: Send): void {
    this.#links.set(edge.id, { edge, send });
  }

  /** Forgets the connection, unless the edge has a newer one. */
  remove(edge: EdgeRef, send: Send): void {
    if (this.#links.get(edge.id)?.send === send) this.#links.delete(edge.id);
  }

  /** Whether exactly this incarnation can be asked here. */
  has({ id, incarnation }: EdgeRef): boolean {
    return this.#links.get(id)?.edge.incarnation === incarnation;
  }

  /** Says something to exactly this incarnation; false where it has no connection. */
  tell({ id, incarnation }: EdgeRef, message: FrontDoorMessage): boolean {
    if (!this.has({ id, incarnation })) return false;
    this.#links.get(id)!.send(message);
    return true;
  }

  /** Undefined where the edge does not answer in time. */
  async listSessions(edge: EdgeRef): Promise<EdgeSessions | undefined> {
    const answer = await this.#ask(edge, (request) => ({ type: 'list-sessions', request }));
    if (answer?.type !== 'sessions') return undefined;
    return { total: answer.total, keys: answer.keys.flatMap((text) => parseAffinityKey(text) ?? []) };
  }

  /** The keys that are live on an edge, in short; undefined where it does not answer in time. */
  async digestClaims(edge: EdgeRef): Promise<HeldDigest | undefined> {
    const answer = await this.#ask(edge, (request) => ({ type: 'digest-claims', request }));
    return answer?.type === 'digest' ? answer : undefined;
  }

  /** The keys that are live on an edge, of one bucket or all; undefined where it does not answer in time. */
  async listClaims(edge: EdgeRef, bucket?: number): Promise<readonly HeldKey[] | undefined> {
    const held: HeldKey[] = [];
    let after = '';
    for (;;) {
      const answer = await this.#ask(edge, (request) => ({ type: 'list-claims', request, bucket, after }));
      if (answer?.type !== 'claims') return undefined;
      held.push(...answer.claims.flatMap(parseClaim));
      const last = answer.claims.at(-1)?.key;
      if (answer.isLast || last === undefined) return held;
      after = last;
    }
  }

  /** What an edge has of a key, with a connection or between two; undefined where it does not answer. */
  async askHolder(edge: EdgeRef, key: AffinityKey): Promise<HolderAnswer | undefined> {
    const answer = await this.#ask(edge, (request) => ({ type: 'who-holds', request, key }));
    if (answer?.type !== 'holds') return undefined;
    const { epoch, renewedAgoMs, heardAgoMs = Infinity } = answer;
    return { epoch: epoch === 0 ? undefined : (epoch as Epoch), heard: { renewedAgoMs, heardAgoMs } };
  }

  answer(answer: EdgeAnswer): void {
    this.#waiting.get(answer.request)?.(answer);
  }

  async #ask(
    edge: EdgeRef,
    question: (request: number) => FrontDoorMessage,
  ): Promise<EdgeAnswer | undefined> {
    const request = this.#nextRequest++;
    const { promise, resolve } = Promise.withResolvers<EdgeAnswer | undefined>();
    const timer = setTimeout(() => resolve(undefined), answerMaxMs);
    this.#waiting.set(request, resolve);
    if (!this.tell(edge, question(request))) resolve(undefined);
    const answer = await promise;
    clearTimeout(timer);
    this.#waiting.delete(request);
    return answer;
  }
}

function parseClaim({ key: text, epoch, isOpen }: ClaimedKey): HeldKey[] {
  const key = parseAffinityKey(text);
  return key === undefined ? [] : [{ key, epoch: epoch as Epoch, isOpen }];
}
