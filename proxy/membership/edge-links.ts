/** The edges whose control connection is up, to ask something of: which sessions they have, to drain, to forget. */
import type { FrontDoorMessage } from '#shared/control-protocol.ts';
import type { AffinityKey, EdgeId } from '#shared/ids.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { EdgeRef } from '../directory/directory.ts';

export interface EdgeSessions {
  readonly total: number;
  /** The smallest of them, smallest first. */
  readonly keys: readonly AffinityKey[];
}

type Send = (message: FrontDoorMessage) => void;

const answerMaxMs = 2_000;

export class EdgeLinks {
  readonly #links = new Map<EdgeId, { readonly edge: EdgeRef; readonly send: Send }>();
  readonly #waiting = new Map<number, (sessions: EdgeSessions) => void>();
  #nextRequest = 1;

  add(edge: EdgeRef, send: Send): void {
    this.#links.set(edge.id, { edge, send });
  }

  /** Forgets the connection, unless the edge has a newer one. */
  remove(edge: EdgeRef, send: Send): void {
    if (this.#links.get(edge.id)?.send === send) this.#links.delete(edge.id);
  }

  /** Says something to exactly this incarnation; false where it has no connection. */
  tell({ id, incarnation }: EdgeRef, message: FrontDoorMessage): boolean {
    const link = this.#links.get(id);
    if (link?.edge.incarnation !== incarnation) return false;
    link.send(message);
    return true;
  }

  /** Undefined where the edge does not answer in time. */
  async listSessions(edge: EdgeRef): Promise<EdgeSessions | undefined> {
    const request = this.#nextRequest++;
    const { promise, resolve } = Promise.withResolvers<EdgeSessions | undefined>();
    const timer = setTimeout(() => resolve(undefined), answerMaxMs);
    this.#waiting.set(request, resolve);
    if (!this.tell(edge, { type: 'list-sessions', request })) resolve(undefined);
    const sessions = await promise;
    clearTimeout(timer);
    this.#waiting.delete(request);
    return sessions;
  }

  answer(request: number, { total, keys }: { total: number; keys: readonly string[] }): void {
    const parsed = keys.flatMap((text) => parseAffinityKey(text) ?? []);
    this.#waiting.get(request)?.({ total, keys: parsed });
  }
}
