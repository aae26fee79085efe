/**
 * Births of sessions that have ended on this edge. Their tokens are refused, so that a member who was away at
 * the end learns of it, and no session begins again without its host. Bounded; does not outlive the process.
 */
import type { AffinityKey } from '#shared/ids.ts';

/** Some 100 bytes each; an edge does not end more while clients are still trying to come back. */
const endedMax = 10_000;

export class EndedSessions {
  readonly #births = new Set<string>();

  add(key: AffinityKey, birth: number): void {
    this.#births.add(nameOf(key, birth));
    if (this.#births.size > endedMax) this.#births.delete(this.#births.values().next().value!);
  }

  has(key: AffinityKey, birth: number): boolean {
    return this.#births.has(nameOf(key, birth));
  }
}

function nameOf(key: AffinityKey, birth: number): string {
  return `${key} ${birth}`;
}
