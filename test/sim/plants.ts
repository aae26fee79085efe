/**
 * Faults to plant into the product's own text, one at a time, each with the promises that it breaks. They show that a
 * simulation finds what it is there to find.
 */
import type { Invariant } from './verdict.ts';

export interface Plant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Any of these is a find. */
  readonly breaks: readonly Invariant[];
  /** Found where documents are. */
  readonly onDocuments?: boolean;
}

export const plants: readonly Plant[] = [
  {
    name: 'an edge takes exchanges of an epoch that is over',
    file: 'edge/core/admission.ts',
    find: "if (known !== undefined && epoch < known) return refuse('stale-epoch');",
    replace: '',
    breaks: [1],
  },
  {
    name: 'an edge serves on when its lease has lapsed',
    file: 'edge/core/lease-clock.ts',
    find: 'return nowMs < this.#validUntilMs;',
    replace: 'return this.#validUntilMs > -Infinity || nowMs < 0;',
    breaks: [1],
  },
  {
    name: 'a write with an older epoch lands',
    file: 'edge/store/sqlite-documents-operations.ts',
    find: "if (stored !== undefined && stored.epoch > epoch) return 'fenced';",
    replace: '',
    breaks: [1],
    onDocuments: true,
  },
  {
    name: 'who is banned is not stored',
    file: 'edge/core/durable-roster.ts',
    find: 'hostDueMs: undefined, requests: new Map() };',
    replace: 'hostDueMs: undefined, requests: new Map(), bans: new Set<string>() };',
    breaks: [6],
  },
  {
    name: 'what a client missed is replayed twice',
    file: 'edge/core/session-arrival.ts',
    find: 'for (const { sequence, message } of entries) {',
    replace: 'for (const { sequence, message } of [...entries, ...entries]) {',
    breaks: [2],
  },
  {
    name: 'a message is left out of a replay',
    file: 'edge/core/outbox.ts',
    find: 'outbox.chunks.flat().filter((entry) => entry.sequence > sequence)',
    replace: 'outbox.chunks.flat().filter((entry) => entry.sequence > sequence + 1)',
    breaks: [2],
  },
  {
    name: 'after a gap the rest is replayed',
    file: 'edge/core/outbox.ts',
    find: "if (sequence < outbox.base) return { kind: 'gap', code: outbox.overrun ?? 'offset-unknown' };",
    replace: '',
    breaks: [2, 3],
  },
  {
    name: 'outboxes have no bound',
    file: 'edge/core/outbox.ts',
    find: "if (bytes > maxBytes) return 'outbox-bytes-exceeded';",
    replace: 'void maxBytes;',
    breaks: [4],
  },
  {
    name: 'requests do not travel with their session',
    file: 'edge/core/session-snapshot.ts',
    find: 'requests: takeRequests(state.requests, nowMs),',
    replace: 'requests: [],',
    breaks: [5],
  },
  {
    name: 'an answer is given twice',
    file: 'edge/core/session-relay.ts',
    find: "draft.deliver(request.origin, { kind: 'answer', id: request.id, isError, key, sealed });",
    replace:
      "for (let i = 0; i < 2; i++) draft.deliver(request.origin, { kind: 'answer', id: request.id, isError, key, sealed });",
    breaks: [5],
  },
  {
    name: 'a guest whom the host refuses is let in',
    file: 'edge/core/session-joins.ts',
    find: "if (workspace === undefined) return decide(draft, join, { kind: 'rejected' });",
    replace: 'if (workspace === undefined) return answerJoin(draft, { ...command, workspace: {} });',
    breaks: [6],
  },
  {
    name: 'a broadcast brings the key of another',
    file: 'edge/core/session-relay.ts',
    find: 'const key = id === origin ? undefined : keys.get(id);',
    replace: 'const key = id === origin ? undefined : [...keys.values()][0];',
    breaks: [6, 2],
  },
  {
    name: 'members get new ids when their session moves',
    file: 'edge/core/session-adopt.ts',
    find: 'return { ...profile, id: id as MemberId };',
    replace: 'return { ...profile, id: `${id}2` as MemberId };',
    breaks: [7, 8, 9],
  },
  {
    name: 'the gate of a session that has moved stays closed',
    file: 'proxy/move/mover.ts',
    find: '      open();\n',
    replace: '      void open;\n',
    breaks: [8],
  },
  {
    name: 'a session that nobody took is never given back',
    file: 'proxy/move/mover.ts',
    find: "const result = await this.#options.directory.handOverPin({ key, seen, target: edge, epoch });\n      if (result.kind === 'won')",
    replace: "const result = { kind: 'target-refused' } as PinResult;\n      if (result.kind === 'won')",
    breaks: [8, 11],
  },
  {
    name: 'deadlines are not told apart from times in a snapshot',
    file: 'edge/core/session-snapshot.ts',
    find: 'const leftMs = dueMs - nowMs;',
    replace: 'const leftMs = dueMs + nowMs * 0;',
    breaks: [9],
  },
  {
    name: 'updates are relayed that are not stored',
    file: 'edge/store/sqlite-documents-operations.ts',
    find: 'for (const bytes of updates) sql.addUpdate.run({ ...place(ref), seq: ++seq, bytes });',
    replace:
      'for (const _ of updates) sql.addUpdate.run({ ...place(ref), seq: ++seq, bytes: new Uint8Array(2) });',
    breaks: [11],
    onDocuments: true,
  },
];
