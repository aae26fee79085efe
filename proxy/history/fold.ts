/**
 * What records of the journal add to the history: a pure fold of records over what is stored of their sessions. Records of one process come
 * in order; those of two may not: a session may be heard of by its next edge first.
 */
import type {
  DownloadTally,
  JournalEntry,
  JournalRecord,
  PoolSample,
} from '#shared/journal/journal-record.ts';
import { staysMark } from '#shared/journal/journal-words.ts';
import { readClientName, toClientName, unidentified } from '#shared/client-name.ts';
import type { ClientName } from '#shared/client-name.ts';
import { noFigures } from './day-figures.ts';
import type { DayFigures } from './day-figures.ts';
import { dayOf } from './day.ts';
import type { EndedSession } from './history.ts';

export interface SessionRow {
  readonly key: string;
  /** `waiting`: it has left its edge, and nobody has told yet that it goes on. */
  state: 'open' | 'waiting' | 'ended';
  begunMs: number;
  toldMs: number;
  /** Among the sessions of the day on which it began. */
  isCounted: boolean;
  hasHost: boolean;
  /** People who took part, each once. */
  named: number;
  /** Members without a login that are there now, and the most at once. */
  unnamed: number;
  unnamedMax: number;
  client: ClientName;
}

export interface Tally extends ClientName {
  readonly day: string;
  readonly what: 'host' | 'guest' | 'download';
  times: number;
}

interface FoldOptions {
  readonly timeZone: string;
  readonly nowMs: number;
  /** As stored, of all keys that the records name. */
  readonly sessions: readonly SessionRow[];
  /** People of these sessions. */
  readonly members: readonly { readonly key: string; readonly person: string }[];
}

/** Members that came to another edge by themselves are one session, as are those whom an edge lets go to another one. */
const lastWords = new Set(['client-left', 'session-ended']);

export class Fold {
  readonly days = new Map<string, DayFigures>();
  readonly tallies = new Map<string, Tally>();
  readonly users = new Map<string, number>();
  readonly sessions: ReadonlyMap<string, SessionRow>;
  readonly ended: EndedSession[] = [];
  /** Who came or left, by key and person. */
  readonly presence = new Map<
    string,
    { readonly key: string; readonly person: string; readonly isHere: boolean }
  >();
  readonly newMembers: { readonly key: string; readonly person: string }[] = [];
  readonly #sessions: Map<string, SessionRow>;
  readonly #members: Set<string>;
  readonly #options: FoldOptions;

  constructor(options: FoldOptions) {
    this.#options = options;
    this.#sessions = new Map(options.sessions.map((row) => [row.key, { ...row }]));
    this.#members = new Set(options.members.map(memberName));
    this.sessions = this.#sessions;
  }

  add(record: JournalRecord): void {
    switch (record.kind) {
      case 'entry':
        return this.#addEntry(record, this.#timeOf(record));
      case 'pool':
        return this.#addPool(record, this.#timeOf(record));
      case 'download':
        return this.#addDownload(record, this.#timeOf(record));
      case 'usage':
    }
  }

  /** A session that nobody went on with is over since somebody last told of it. */
  endAbandoned(row: SessionRow): void {
    this.#sessions.set(row.key, { ...row });
    this.#end(row.key, row.toldMs, 'abandoned', '');
  }

  /** A clock that is ahead tells of no day that is still to come. */
  #timeOf({ atMs }: JournalRecord): number {
    return Math.min(atMs, this.#options.nowMs);
  }

  #addEntry(entry: JournalEntry, atMs: number): void {
    const { event, key, person, detail } = entry;
    if (person !== '') this.users.set(person, Math.max(atMs, this.users.get(person) ?? 0));
    if (key === '') return;
    switch (event) {
      case 'session.created':
        return this.#begin(key, atMs);
      case 'session.taken-over':
        return void this.#goOn(key, atMs, true);
      case 'session.moved':
        return void (this.#isOpen(key) && this.#goOn(key, atMs, false));
      case 'member.joined':
        return this.#join(entry, atMs);
      case 'member.left':
        return this.#leave(entry, atMs);
      case 'session.ended': {
        const reason = /\breason ([a-z-]+)/.exec(detail)?.[1] ?? '';
        if (!detail.includes('adapter y') || lastWords.has(reason))
          return this.#end(key, atMs, reason, entry.origin);
        // Another edge has a session from which its edge was fenced off, or of which it has told since.
        const row = this.#sessions.get(key);
        if (row?.state === 'open' && reason !== 'fenced' && atMs >= row.toldMs)
          this.#tell(row, atMs).state = 'waiting';
        return;
      }
      default:
    }
  }

  #isOpen(key: string): boolean {
    const state = this.#sessions.get(key)?.state;
    return state === 'open' || state === 'waiting';
  }

  #begin(key: string, atMs: number): void {
    const known = this.#sessions.get(key);
    if (known !== undefined && !known.isCounted) {
      // Its first edge tells later than the one that took it over.
      known.isCounted = true;
      known.begunMs = Math.min(known.begunMs, atMs);
      this.#day(known.begunMs).sessions++;
      return;
    }
    if (this.#isOpen(key)) return void this.#goOn(key, atMs, true);
    if (isOver(known, atMs)) return;
    this.#open(key, atMs).isCounted = true;
    this.#day(atMs).sessions++;
  }

  #goOn(key: string, atMs: number, isAnew: boolean): SessionRow {
    const row = this.#isOpen(key) ? this.#sessions.get(key)! : this.#open(key, atMs);
    row.state = 'open';
    // Connections to the life of an edge that is over have ended with it.
    if (isAnew) row.unnamed = 0;
    return this.#tell(row, atMs);
  }

  #open(key: string, atMs: number): SessionRow {
    this.#forgetMembers(key);
    const row: SessionRow = {
      key,
      state: 'open',
      begunMs: atMs,
      toldMs: atMs,
      isCounted: false,
      hasHost: false,
      named: 0,
      unnamed: 0,
      unnamedMax: 0,
      client: unidentified,
    };
    this.#sessions.set(key, row);
    return row;
  }

  #join({ key, person, client, detail }: JournalEntry, atMs: number): void {
    const known = this.#sessions.get(key);
    if (isOver(known, atMs)) return;
    const row = this.#goOn(key, atMs, false);
    this.#place({ key, person, isHere: true });
    if (person === '') {
      row.unnamed++;
      if (row.unnamed <= row.unnamedMax) return;
      row.unnamedMax = row.unnamed;
    } else {
      const member = { key, person };
      if (this.#members.has(memberName(member))) return;
      this.#members.add(memberName(member));
      this.newMembers.push(member);
      row.named++;
    }
    const name = readClientName(client);
    const isHost = !row.hasHost && (person === '' || detail === 'host');
    if (isHost) Object.assign(row, { hasHost: true, client: name });
    this.#count(atMs, isHost ? 'host' : 'guest', name, 1);
  }

  #leave({ key, person, detail }: JournalEntry, atMs: number): void {
    const row = this.#sessions.get(key);
    if (row === undefined || row.state === 'ended') return;
    if (!detail.includes(staysMark)) this.#place({ key, person, isHere: false });
    if (person === '') row.unnamed = Math.max(0, row.unnamed - 1);
    this.#tell(row, atMs);
  }

  #end(key: string, atMs: number, reason: string, edge: string): void {
    const row = this.#sessions.get(key);
    if (row === undefined || row.state === 'ended') return;
    this.#tell(row, atMs).state = 'ended';
    const endedMs = Math.max(row.begunMs, atMs);
    const participants = row.named + row.unnamedMax;
    const day = this.#day(endedMs);
    const lengthMs = endedMs - row.begunMs;
    day.ended++;
    day.lengthSumMs += lengthMs;
    day.lengthMaxMs = Math.max(day.lengthMaxMs, lengthMs);
    day.membersSum += participants;
    day.membersMax = Math.max(day.membersMax, participants);
    const { begunMs, client } = row;
    this.ended.push({ key, begunMs, endedMs, participants, reason, edge, ...client });
    this.#forgetMembers(key);
  }

  #place(presence: { readonly key: string; readonly person: string; readonly isHere: boolean }): void {
    if (presence.person !== '') this.presence.set(memberName(presence), presence);
  }

  #tell(row: SessionRow, atMs: number): SessionRow {
    row.toldMs = Math.max(row.toldMs, atMs);
    return row;
  }

  #forgetMembers(key: string): void {
    for (const name of this.#members) if (name.startsWith(`${key} `)) this.#members.delete(name);
    for (const [name, presence] of this.presence) if (presence.key === key) this.presence.delete(name);
    for (let at = this.newMembers.length - 1; at >= 0; at--)
      if (this.newMembers[at]!.key === key) this.newMembers.splice(at, 1);
    this.forgotten.add(key);
  }

  /** Keys of whose people nothing that was stored before counts any more. */
  readonly forgotten = new Set<string>();

  #addPool({ peakConnections, lagMs }: PoolSample, atMs: number): void {
    const day = this.#day(atMs);
    day.peakConnections = Math.max(day.peakConnections, peakConnections);
    day.lagSum += lagMs;
    day.lagSamples++;
  }

  #addDownload({ client, version, count }: DownloadTally, atMs: number): void {
    this.#count(atMs, 'download', toClientName(client, version), count);
  }

  #count(atMs: number, what: Tally['what'], name: ClientName, times: number): void {
    const day = dayOf(atMs, this.#options.timeZone);
    const id = [day, what, name.client, name.version].join('\n');
    const tally = this.tallies.get(id);
    if (tally === undefined) this.tallies.set(id, { day, what, ...name, times });
    else tally.times += times;
  }

  #day(atMs: number): DayFigures {
    const name = dayOf(atMs, this.#options.timeZone);
    let day = this.days.get(name);
    if (day === undefined) {
      day = noFigures();
      this.days.set(name, day);
    }
    return day;
  }
}

/** It is told late of what has ended since, by an edge that was away. */
function isOver(row: SessionRow | undefined, atMs: number): boolean {
  return row?.state === 'ended' && atMs <= row.toldMs;
}

function memberName({ key, person }: { readonly key: string; readonly person: string }): string {
  return `${key} ${person}`;
}
