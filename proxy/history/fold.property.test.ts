/** However the records of edges come together, in whatever parts and how often each is told, what is counted is the same. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import type { JournalEntry } from '#shared/journal/journal-record.ts';
import { RecordMaker } from '../../test/support/journal-records.ts';
import { migrateJournal } from '../journal/journal-schema.ts';
import { append } from '../journal/journal-steps.ts';
import { runStepsAtOnce } from '../journal/statement.ts';
import type { Statement, StepResult } from '../journal/statement.ts';

/** A session on one edge, or on two: who comes there, and whether it ends. */
interface Life {
  readonly first: number;
  readonly next: number;
  readonly people: readonly number[];
  readonly later: readonly number[];
  readonly ends: boolean;
  /** Of members who go from edge to edge by themselves. */
  readonly isY: boolean;
  /** Its first edge tells that it is fenced, long after another has taken the session over; else that it leaves, before. */
  readonly isFenced: boolean;
}

const edgeCount = 3;
const edge = fc.integer({ min: 0, max: edgeCount - 1 });
const people = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 4 });
const life: fc.Arbitrary<Life> = fc.record({
  first: edge,
  next: edge,
  people,
  later: people,
  ends: fc.boolean(),
  isY: fc.boolean(),
  isFenced: fc.boolean(),
});
/** Which edge tells next, how many records, and how many that it has told before with them. */
const telling = fc.array(
  fc.record({ edge, records: fc.integer({ min: 1, max: 5 }), again: fc.integer({ min: 0, max: 3 }) }),
  { maxLength: 60 },
);

class Place {
  readonly #database = new Database(':memory:');

  constructor() {
    migrateJournal(this.#database);
  }

  append(records: readonly JournalEntry[]): void {
    this.#database.transaction(() => runStepsAtOnce(append('sqlite', records, 'UTC'), this.run))();
  }

  readonly run = ({ text, values }: Statement): StepResult => {
    const statement = this.#database.prepare(text);
    if (!statement.reader) return { rows: [], changes: statement.run(...values).changes };
    return { rows: statement.all(...values) as StepResult['rows'], changes: 0 };
  };

  figure(question: string): unknown {
    return Object.values(this.run({ text: question, values: [] }).rows[0]!)[0];
  }
}

/** What each edge has to tell, in its order. */
function streamsOf(lives: readonly Life[]): JournalEntry[][] {
  const makers = Array.from({ length: edgeCount }, (_, at) => new RecordMaker(`edge-${at}`));
  const streams: JournalEntry[][] = makers.map(() => []);
  const now = Date.now();
  lives.forEach(({ first, next, people: early, later, ends, isY, isFenced }, at) => {
    const tell = (by: number, minute: number, changes: Partial<JournalEntry>): void =>
      void streams[by]!.push(
        makers[by]!.entry({ key: `session-${at}`, atMs: now - 3_600_000 + minute * 60_000, ...changes }),
      );
    const join = (by: number, minute: number, person: number): void =>
      tell(by, minute, { event: 'member.joined', person: `person-${person}`, detail: 'guest' });
    tell(first, 0, { event: 'session.created', detail: '' });
    early.forEach((person) => join(first, 1, person));
    const end = (by: number, minute: number, reason: string): void =>
      tell(by, minute, { event: 'session.ended', detail: `reason ${reason}, adapter ${isY ? 'y' : 'oct'}` });
    if (next !== first) {
      if (isY) end(first, isFenced ? 15 : 9, isFenced ? 'fenced' : 'edge-leaving');
      tell(next, 10, { event: isY && !isFenced ? 'session.created' : 'session.taken-over', detail: '' });
    }
    later.forEach((person) => join(next, 11, person));
    if (ends) end(next, 20, isY ? 'client-left' : 'host-left');
  });
  return streams;
}

test('sessions, their ends and people are counted once, in whatever order edges are heard', () => {
  fc.assert(
    fc.property(fc.array(life, { minLength: 1, maxLength: 6 }), telling, (lives, tellings) => {
      const place = new Place();
      const streams = streamsOf(lives);
      const told = streams.map(() => 0);
      const tell = (by: number, records: number, again: number): void => {
        const from = Math.max(0, told[by]! - again);
        told[by] = Math.min(streams[by]!.length, told[by]! + records);
        place.append(streams[by]!.slice(from, told[by]));
      };
      for (const { edge: by, records, again } of tellings) tell(by, records, again);
      streams.forEach((stream, by) => tell(by, stream.length, 2));
      const everybody = new Set(lives.flatMap(({ people: early, later }) => [...early, ...later]));
      assert.deepEqual(
        [
          place.figure('SELECT COALESCE(SUM(sessions), 0) FROM mooring_history_day'),
          place.figure('SELECT COALESCE(SUM(ended), 0) FROM mooring_history_day'),
          place.figure('SELECT COUNT(*) FROM mooring_history_user'),
          place.figure(`SELECT COUNT(*) FROM mooring_history_session WHERE state = 'open'`),
        ],
        [
          lives.length,
          lives.filter(({ ends }) => ends).length,
          everybody.size,
          lives.filter(({ ends }) => !ends).length,
        ],
      );
    }),
    { numRuns: 300 },
  );
});
