/** The checker bites: each kind of breach, planted in a history that is sound without it, is found, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkHistory } from './checker.ts';
import { breachKinds } from './findings.ts';
import type { BreachKind } from './findings.ts';
import type { Happening, HistoryRecord } from './history.ts';

const key = 'k';
const oct = 'o';

/**
 * A kill and a stop of the edge of a document `d` with ann and bob, and of an editor's session of eva and fay; all is as
 * it should be. Times are in seconds.
 */
const sound: readonly HistoryRecord[] = [
  at(0, { kind: 'run', scenario: 'failover', keepsEnvelopes: true, returnMaxMs: 30_000 }),
  at(0, { kind: 'owned', key, edge: 'edge-1', epoch: 1 }),
  at(0, { kind: 'owned', key: oct, edge: 'edge-1', epoch: 2 }),
  at(0, { kind: 'opened', edge: 'edge-1', process: 11, epoch: 1, why: 'session.opened' }),
  ...['ann', 'bob'].map((member) => at(1, { kind: 'entered', member, key, wire: 'y' })),
  ...['eva', 'fay'].map((member) => at(1, { kind: 'entered', member, key: oct, wire: 'websocket' })),
  ...['eva', 'fay'].map((member) => at(1, { kind: 'introduced', member, key: oct, peer: `peer ${member}` })),
  at(1, { kind: 'met', member: 'eva', key: oct, peer: 'peer fay', name: 'fay' }),
  ...write(2, 1, 'ann:1', 'bob'),
  ...write(2.5, 1, 'bob:1', 'ann'),
  ...say(2, 2, 'eva 1', 'fay'),
  ...say(2, 2, 'fay 1', 'eva'),
  at(3, { kind: 'fault', fault: 'kill', round: 1, edge: 'edge-1', keys: [key, oct] }),
  at(3.2, { kind: 'placed', round: 1, key, edge: 'edge-2', afterMs: 200 }),
  at(3.2, { kind: 'owned', key, edge: 'edge-2', epoch: 3 }),
  at(3.2, { kind: 'owned', key: oct, edge: 'edge-2', epoch: 4 }),
  at(3.2, { kind: 'opened', edge: 'edge-2', process: 12, epoch: 3, why: 'session.opened' }),
  at(3.3, { kind: 'introduced', member: 'fay', key: oct, peer: 'peer fay' }),
  ...write(4, 3, 'ann:2', 'bob'),
  ...write(4, 3, 'bob:2', 'ann'),
  ...say(4, 4, 'eva 2', 'fay'),
  ...say(4, 4, 'fay 2', 'eva'),
  at(5, { kind: 'settled', round: 1 }),
  at(6, { kind: 'asked', member: 'eva', key: oct, request: '1' }),
  at(6.1, { kind: 'answered', member: 'eva', key: oct, request: '1', isError: false }),
  at(7, { kind: 'located', key, directory: 'edge-2', edge: 'edge-2' }),
  at(8, { kind: 'closed', edge: 'edge-2', process: 12, epoch: 3, why: 'client-left' }),
  at(9, {
    kind: 'found',
    member: 'reader',
    key,
    document: 'd',
    askedAt: 8_500,
    isWhole: true,
    edits: ['ann:1', 'bob:1', 'ann:2', 'bob:2'],
  }),
];

test('a sound history has no breach, and its times are measured', () => {
  const { breaches, samples } = checkHistory(sound);
  assert.deepEqual(breaches, []);
  assert.deepEqual(samples.get('kill placement'), [200]);
  assert.deepEqual(samples.get('kill return y'), [1_100, 1_100]);
});

interface Plant {
  readonly what: string;
  readonly breach: BreachKind;
  readonly history: readonly HistoryRecord[];
}

const plants: readonly Plant[] = [
  {
    what: 'an acknowledged edit that nobody finds any more',
    breach: 'edits-lost',
    history: sound.map((record) =>
      record.kind === 'found' ? { ...record, isWhole: false, edits: record.edits.slice(1) } : record,
    ),
  },
  {
    what: 'an edit that its author alone had, who was there to the end',
    breach: 'edits-lost',
    history: [...sound, at(2, { kind: 'wrote', member: 'ann', key, document: 'd', edit: 'ann:3' })],
  },
  {
    what: 'an edit that stands in a document twice',
    breach: 'edits-doubled',
    history: sound.map((record) =>
      record.kind === 'found' ? { ...record, edits: [...record.edits, 'ann:1'] } : record,
    ),
  },
  {
    what: 'an edit that comes to a member twice',
    breach: 'edits-doubled',
    history: [...sound, at(4.5, { kind: 'read', member: 'bob', key, document: 'd', edits: ['ann:2'] })],
  },
  {
    what: 'an edit that nobody wrote',
    breach: 'edits-invented',
    history: sound.map((record) =>
      record.kind === 'found' ? { ...record, edits: [...record.edits, 'zoe:1'] } : record,
    ),
  },
  {
    what: 'an envelope that a member never heard',
    breach: 'envelopes-lost',
    history: [
      ...sound.filter((record) => !(record.kind === 'heard' && record.envelope === 'eva 1')),
      ...say(1.5, 2, 'eva 0', 'fay'),
    ],
  },
  {
    what: 'an envelope that is heard twice',
    breach: 'envelopes-doubled',
    history: [
      ...sound,
      at(4.2, { kind: 'heard', member: 'fay', key: oct, peer: 'peer eva', envelope: 'eva 2', epoch: 4 }),
    ],
  },
  {
    what: 'envelopes that are heard in another order',
    breach: 'envelopes-out-of-order',
    history: [
      ...sound,
      ...['eva 3', 'eva 4'].map((envelope) => at(4.5, { kind: 'said', member: 'eva', key: oct, envelope })),
      ...['eva 4', 'eva 3'].map((envelope) =>
        at(4.6, { kind: 'heard', member: 'fay', key: oct, peer: 'peer eva', envelope, epoch: 4 }),
      ),
    ],
  },
  {
    what: 'a request without an answer',
    breach: 'requests-unanswered',
    history: [...sound, at(6, { kind: 'asked', member: 'fay', key: oct, request: '1' })],
  },
  {
    what: 'a request with two answers',
    breach: 'requests-answered-twice',
    history: [...sound, at(6.2, { kind: 'answered', member: 'eva', key: oct, request: '1', isError: false })],
  },
  {
    what: 'a request that fails where none may',
    breach: 'requests-failed',
    history: sound.map((record) => (record.kind === 'answered' ? { ...record, isError: true } : record)),
  },
  {
    what: 'a member who is introduced as another peer after the fault',
    breach: 'peers-changed',
    history: [...sound, at(4, { kind: 'introduced', member: 'eva', key: oct, peer: 'peer 9' })],
  },
  {
    what: 'others who are told of another peer',
    breach: 'peers-changed',
    history: [...sound, at(4, { kind: 'met', member: 'eva', key: oct, peer: 'peer 9', name: 'fay' })],
  },
  {
    what: 'others who are told that somebody left who did not',
    breach: 'peers-changed',
    history: [...sound, at(4, { kind: 'missed', member: 'eva', key: oct, peer: 'peer fay', name: 'fay' })],
  },
  {
    what: 'a member who hears old things alone after the fault',
    breach: 'members-lost',
    history: sound.map((record) =>
      record.kind === 'read' && record.member === 'bob' && record.at > 4_000
        ? { ...record, at: 40_000 }
        : record,
    ),
  },
  {
    what: 'a commit of the old owner after the new one’s',
    breach: 'owners-overlapping',
    history: [...sound, at(4.5, { kind: 'committed', key, epoch: 1, order: 4_500 })],
  },
  {
    what: 'an envelope that was said and passed on by the old owner when the new one had begun',
    breach: 'owners-overlapping',
    history: [...sound, ...say(4.6, 2, 'eva 3', 'fay')],
  },
  {
    what: 'an epoch that two edges have',
    breach: 'owners-overlapping',
    history: [...sound, at(4, { kind: 'owned', key, edge: 'edge-1', epoch: 3 })],
  },
  {
    what: 'an edge that serves on when another one has opened the session',
    breach: 'owners-overlapping',
    history: sound.filter((record) => record.kind !== 'fault' && record.kind !== 'placed'),
  },
  {
    what: 'a session that is not where it is pinned',
    breach: 'sessions-elsewhere',
    history: [...sound, at(7, { kind: 'located', key, directory: 'edge-2', edge: 'edge-1' })],
  },
];

for (const { what, breach, history } of plants) {
  test(`found: ${what}`, () => {
    const kinds = new Set(
      checkHistory(history.toSorted((a, b) => a.at - b.at)).breaches.map(({ kind }) => kind),
    );
    assert.deepEqual([...kinds], [breach]);
  });
}

test('each kind of breach is planted', () => {
  assert.deepEqual([...new Set(plants.map(({ breach }) => breach))].toSorted(), breachKinds.toSorted());
});

test('what members who only poll lose is counted, and no breach', () => {
  const history = plants
    .find(({ breach }) => breach === 'envelopes-lost')!
    .history.map((record): HistoryRecord =>
      record.kind === 'entered' && record.key === oct ? { ...record, wire: 'polling' } : record,
    )
    .toSorted((a, b) => a.at - b.at);
  const { breaches, counts } = checkHistory(history);
  assert.deepEqual(breaches, []);
  assert.equal(counts.get('envelopes of or to polling members lost'), 1);
});

function at(seconds: number, happening: Happening): HistoryRecord {
  return { at: seconds * 1_000, ...happening };
}

/** Written, committed a little later, and then read by the other one. */
function write(seconds: number, epoch: number, edit: string, reader: string): HistoryRecord[] {
  const member = edit.split(':')[0]!;
  return [
    at(seconds, { kind: 'wrote', member, key, document: 'd', edit }),
    at(seconds + 0.05, { kind: 'committed', key, epoch, order: seconds * 1_000 }),
    at(seconds + 0.1, { kind: 'read', member: reader, key, document: 'd', edits: [edit] }),
  ];
}

function say(seconds: number, epoch: number, envelope: string, listener: string): HistoryRecord[] {
  const member = envelope.split(' ')[0]!;
  return [
    at(seconds, { kind: 'said', member, key: oct, envelope }),
    at(seconds + 0.1, { kind: 'heard', member: listener, key: oct, peer: `peer ${member}`, envelope, epoch }),
  ];
}
