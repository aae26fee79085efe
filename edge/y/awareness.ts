/**
 * Who is in a document and where: the newest presence of each client, owned by the connection that sent it
 * first. A client echoes what it hears of others, so what is not the sender's own is ignored. Does no I/O.
 */
import { awarenessClientsPerMemberMax, departedClientsMax } from './limits.ts';
import { absentState } from './message.ts';
import type { AwarenessEntry } from './message.ts';

interface Presence<Owner> {
  readonly clock: number;
  readonly state: string;
  readonly owner: Owner;
}

export class Awareness<Owner> {
  readonly #present = new Map<number, Presence<Owner>>();
  /** Last clock of clients that left, oldest first. */
  readonly #departed = new Map<number, number>();
  readonly #owned = new Map<Owner, Set<number>>();
  readonly #changed = new Set<number>();

  /** Everybody who is here. */
  get entries(): AwarenessEntry[] {
    return [...this.#present].map(([client, { clock, state }]) => ({ client, clock, state }));
  }

  /** What changed since the last call; each client once. */
  takeChanges(): AwarenessEntry[] {
    const changes = [...this.#changed].map((client) => this.#entryOf(client));
    this.#changed.clear();
    return changes;
  }

  /**
   * Takes in what is the sender's own, and returns what the sender alone is to be told: that a client of it
   * counts as absent here. By the protocol that client then says with a higher clock that it is present.
   * Without it members who saw it leave with the same clock, at a move for example, would miss it until
   * its next renewal, up to 15 s later.
   */
  receive(sender: Owner, entries: readonly AwarenessEntry[]): AwarenessEntry[] {
    return entries.flatMap((entry) => this.#receiveOne(sender, entry) ?? []);
  }

  /** Removes what the connection owned. */
  leave(owner: Owner): void {
    for (const client of this.#owned.get(owner) ?? []) this.#depart(client);
    this.#owned.delete(owner);
  }

  #receiveOne(sender: Owner, entry: AwarenessEntry): AwarenessEntry | undefined {
    const { client, clock, state } = entry;
    const present = this.#present.get(client);
    if (present !== undefined) {
      if (present.owner !== sender) return undefined;
      if (state === absentState && clock >= present.clock) this.#depart(client, clock);
      else if (clock > present.clock) this.#settle(sender, entry);
      return undefined;
    }
    if (state === absentState) return undefined;
    const departedAt = this.#departed.get(client);
    if (departedAt !== undefined && clock <= departedAt) {
      return { client, clock: departedAt, state: absentState };
    }
    this.#settle(sender, entry);
    return departedAt === undefined ? { client, clock, state: absentState } : undefined;
  }

  #settle(owner: Owner, { client, clock, state }: AwarenessEntry): void {
    const clients = this.#owned.get(owner) ?? new Set();
    this.#owned.set(owner, clients.add(client));
    this.#departed.delete(client);
    this.#present.set(client, { clock, state, owner });
    this.#changed.add(client);
    const [oldest] = clients;
    if (clients.size > awarenessClientsPerMemberMax) this.#depart(oldest!);
  }

  #depart(client: number, clock?: number): void {
    const presence = this.#present.get(client);
    if (presence === undefined) return;
    this.#present.delete(client);
    this.#owned.get(presence.owner)?.delete(client);
    this.#departed.set(client, clock ?? presence.clock);
    this.#changed.add(client);
    const [oldest] = this.#departed.keys();
    if (this.#departed.size > departedClientsMax) this.#departed.delete(oldest!);
  }

  #entryOf(client: number): AwarenessEntry {
    const present = this.#present.get(client);
    if (present !== undefined) return { client, clock: present.clock, state: present.state };
    return { client, clock: this.#departed.get(client) ?? 0, state: absentState };
  }
}
