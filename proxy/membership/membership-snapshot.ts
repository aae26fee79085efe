/**
 * The members as the store last had them: who gets a new key while it does not answer. Every front door that read the same
 * state decides the same by it, whatever it sees of the edges itself.
 */
import { hashEdgeId, rankScore } from '../core/rank.ts';
import type { KeyHash } from '../core/rank.ts';
import type { Candidate } from '../core/choose-edge.ts';
import type { Directory, EdgeRow } from '../directory/directory.ts';

export interface SnapshotMember extends Candidate {
  readonly edge: EdgeRow;
}

export class MembershipSnapshot {
  readonly #directory: Directory;
  #members: readonly SnapshotMember[] = [];

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Edges that took new keys, without their load. */
  get members(): readonly SnapshotMember[] {
    return this.#members;
  }

  /** Undefined where there is no member. */
  firstByRank(key: KeyHash): SnapshotMember | undefined {
    let first: SnapshotMember | undefined;
    let best = -Infinity;
    for (const member of this.#members) {
      const score = rankScore(key, member.hash, member.weight);
      if (score > best) [first, best] = [member, score];
    }
    return first;
  }

  /** Reads it anew; the last one stays where the store does not answer. */
  async refresh(): Promise<void> {
    const rows = await this.#directory.listEdges();
    this.#members = rows
      .filter(({ state, leaseLeftMs }) => state === 'up' && leaseLeftMs > 0)
      .map((edge) => ({ edge, id: edge.id, hash: hashEdgeId(edge.id), weight: edge.weight, load: 0 }));
  }
}
