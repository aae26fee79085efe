/**
 * The long polls of guests who wait to be let in: at most one held answer per request, whatever clients do.
 * What the session decided is told to every poll until the session forgets it, so no poll can lose it.
 */
import type { ServerResponse } from 'node:http';
import type { JoinId } from '../core/session-state.ts';
import { answerJson } from './http-answer.ts';

/** An answer of the protocol (`JoinRoomResponse` or `JoinRoomPollResponse`). */
export type Verdict = object;

/** What a guest has been told or will be, without the poll that it holds. */
export interface CardRecord {
  readonly id: JoinId;
  readonly hasGreeted: boolean;
  readonly verdict: Verdict | undefined;
}

interface Card {
  /** Whether the guest has been told that the host is asked. */
  hasGreeted: boolean;
  verdict: Verdict | undefined;
  held: { readonly response: ServerResponse; readonly timer: NodeJS.Timeout } | undefined;
}

/** A poll without news is answered after this, before anything on the way calls it idle. */
const pollHoldMs = 30_000;

/** Not an empty 204: clients of release 0.3.0 take any success for JSON, and would give up. */
const stillWaiting = joinInfo(false, 'WaitingForHost', 'Waiting for host to accept join request');
const notFound = {
  code: 'JoinRequestNotFound',
  params: [],
  message: 'Join request not found or requested timed out',
};

export class JoinDesk {
  readonly #cards = new Map<JoinId, Card>();

  open(id: JoinId): void {
    this.#cards.set(id, { hasGreeted: false, verdict: undefined, held: undefined });
  }

  poll(id: JoinId, response: ServerResponse): void {
    const card = this.#cards.get(id);
    if (card === undefined) return answerNotFound(response);
    if (card.verdict !== undefined) return answerJson(response, 200, card.verdict);
    if (card.hasGreeted) return hold(card, response);
    card.hasGreeted = true;
    answerJson(response, 200, stillWaiting);
  }

  decide(id: JoinId, verdict: Verdict): void {
    const card = this.#cards.get(id);
    if (card === undefined) return;
    card.verdict = verdict;
    const { held } = card;
    release(card);
    if (held !== undefined) answerJson(held.response, 200, verdict);
  }

  forget(id: JoinId): void {
    const card = this.#cards.get(id);
    this.#cards.delete(id);
    if (card?.held === undefined) return;
    const { response } = card.held;
    release(card);
    answerNotFound(response);
  }

  /** Gives all cards away; polls that are held are answered, and come back where the cards are then. */
  takeCards(): CardRecord[] {
    const records = [...this.#cards].map(([id, { hasGreeted, verdict }]) => ({ id, hasGreeted, verdict }));
    for (const card of this.#cards.values()) answerWaiting(card);
    this.#cards.clear();
    return records;
  }

  /** Goes on with the cards of another edge. */
  adoptCards(records: readonly CardRecord[]): void {
    for (const { id, hasGreeted, verdict } of records)
      this.#cards.set(id, { hasGreeted, verdict, held: undefined });
  }

  forgetAll(): void {
    for (const id of this.#cards.keys()) this.forget(id);
  }
}

/** A poll for a request that nobody knows, or knows any more. */
export function answerNotFound(response: ServerResponse): void {
  answerJson(response, 404, notFound);
}

/** The protocol's word on a request that is not granted, or not yet. */
export function joinInfo(failure: boolean, code: string, message: string): Verdict {
  return { failure, code, params: [], message };
}

function hold(card: Card, response: ServerResponse): void {
  answerWaiting(card);
  const timer = setTimeout(() => answerWaiting(card), pollHoldMs);
  card.held = { response, timer };
  response.once('close', () => {
    if (card.held?.response === response) release(card);
  });
}

function answerWaiting(card: Card): void {
  if (card.held === undefined) return;
  const { response } = card.held;
  release(card);
  answerJson(response, 200, stillWaiting);
}

function release(card: Card): void {
  clearTimeout(card.held?.timer);
  card.held = undefined;
}
