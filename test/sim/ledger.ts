/**
 * What members of an Open Collaboration session must hear: kept beside the product, from what an edge was told while
 * it had the session. A session has one line from edge to edge as long as it moves; where it begins anew, so does the
 * line, and its members hear of a gap.
 */
import type { AffinityKey } from '#shared/ids.ts';
import type { Verdict } from './verdict.ts';

/** A session from its opening, over its moves, to its end or its edge's. */
interface Line {
  readonly key: AffinityKey;
  readonly segments: Map<string, Segment>;
  readonly banned: Set<string>;
}

/** What one client hears between two gaps. */
interface Segment {
  readonly line: Line;
  readonly pid: string;
  readonly due: Due[];
  heard: number;
}

interface Due {
  readonly text: string;
  /** Came while its edge was closing the connection: taken or not, as it happens. */
  readonly isOptional: boolean;
}

interface Listener {
  segment: Segment | undefined;
  readonly byPid: Map<string, Segment>;
}

interface Request {
  readonly asker: string;
  readonly segment: Segment;
  answers: number;
}

/** One connection of one client, at the edge that let it in. */
interface Seat {
  readonly client: string;
  readonly line: Line;
}

export interface Arrival {
  readonly seat: string;
  readonly client: string;
  readonly epoch: number;
  readonly pid: string;
  /** The stream that the client said it was in. */
  readonly saidPid: string | undefined;
}

/** Something sealed, as an edge was told it. */
export interface Saying {
  readonly text: string;
  readonly targets: readonly string[];
  /** Of a request. */
  readonly asks: boolean;
}

export class Ledger {
  readonly #verdict: Verdict;
  readonly #lines = new Map<number, Line>();
  readonly #released = new Map<AffinityKey, Line>();
  readonly #keys = new Map<number, AffinityKey>();
  readonly #newest = new Map<AffinityKey, number>();
  readonly #banned = new Map<AffinityKey, Set<string>>();
  readonly #listeners = new Map<string, Listener>();
  readonly #seats = new Map<string, Seat>();
  readonly #requests = new Map<string, Request>();
  readonly #sayings = new WeakMap<Uint8Array, Saying>();
  /** Resumes and gaps, for who wants to know whether a schedule was worth it. */
  readonly counts = { resumed: 0, fresh: 0, heard: 0, lines: 0, adopted: 0, revived: 0 };

  constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  /** The epoch belongs to this key. */
  pinned(key: AffinityKey, epoch: number): void {
    this.#keys.set(epoch, key);
    this.#newest.set(key, epoch);
  }

  opened(epoch: number, origin: string): void {
    const isAdopted = origin === 'adopted';
    // Whoever has a token has it from a session that was stored before.
    this.#verdict.expect(origin !== 'restored', 7, `a session is opened by a token alone in epoch ${epoch}`);
    if (origin === 'revived') this.counts.revived++;
    const key = this.#keys.get(epoch) ?? ('?' as AffinityKey);
    const released = isAdopted ? this.#released.get(key) : undefined;
    if (isAdopted) this.counts.adopted++;
    else this.counts.lines++;
    // Bans outlive the edge.
    const banned = this.#banned.get(key) ?? new Set<string>();
    this.#banned.set(key, banned);
    this.#lines.set(epoch, released ?? { key, segments: new Map(), banned });
  }

  released(epoch: number): void {
    const line = this.#lines.get(epoch);
    if (line !== undefined) this.#released.set(line.key, line);
  }

  /** The session has taken the client in. */
  admitted({ seat, client, epoch, pid, saidPid }: Arrival): void {
    const line = this.#lines.get(epoch);
    if (line === undefined) return this.#verdict.fail(1, `${client} is in a session that no edge has opened`);
    this.#verdict.expect(!line.banned.has(client), 6, `${client} is banned, and in again`);
    this.#seats.set(seat, { client, line });
    if (pid === saidPid) {
      this.counts.resumed++;
      const resumed = this.#listeners.get(client)?.byPid.get(pid);
      this.#verdict.expect(
        resumed?.line === line,
        3,
        `${client} was told to go on in ${pid}, where it cannot be`,
      );
      return;
    }
    this.counts.fresh++;
    const listener = this.#listeners.get(client) ?? { segment: undefined, byPid: new Map() };
    const segment: Segment = { line, pid, due: [], heard: 0 };
    // An edge that was frozen may let in who has been elsewhere for long.
    if (epoch >= (this.#newest.get(line.key) ?? 0)) listener.segment = segment;
    listener.byPid.set(pid, segment);
    this.#listeners.set(client, listener);
    line.segments.set(client, segment);
  }

  /** An administrator takes the client out; one who is banned stays out while the session goes on. */
  removed(client: string, isBanned: boolean): void {
    if (isBanned) this.#listeners.get(client)?.segment?.line.banned.add(client);
    this.gone(client);
  }

  /** The client is no member of the session any more. */
  gone(client: string): void {
    const segment = this.#listeners.get(client)?.segment;
    segment?.line.segments.delete(client);
  }

  /** A client is about to write this. */
  note(bytes: Uint8Array, saying: Saying): void {
    this.#sayings.set(bytes, saying);
  }

  /** An edge takes in what came through the seat. */
  fed(seat: string, bytes: Uint8Array, isClosing: boolean): void {
    const sender = this.#seats.get(seat);
    const saying = this.#sayings.get(bytes);
    if (sender === undefined || saying === undefined) return;
    const { text, targets, asks } = saying;
    const own = this.#listeners.get(sender.client)?.segment;
    // An edge that was frozen may take in what its client has given up long ago.
    if (asks && own?.line === sender.line && !isClosing)
      this.#requests.set(text, { asker: sender.client, segment: own, answers: 0 });
    for (const target of targets) {
      if (target !== sender.client)
        sender.line.segments.get(target)?.due.push({ text, isOptional: isClosing });
    }
  }

  /** A client has heard this in its stream. */
  heard(client: string, pid: string, text: string): void {
    this.counts.heard++;
    const segment = this.#listeners.get(client)?.byPid.get(pid);
    if (segment === undefined) return this.#verdict.fail(6, `${client} hears ${text} and is in no session`);
    let due = segment.due[segment.heard++];
    while (due?.isOptional === true && due.text !== text) due = segment.due[segment.heard++];
    this.#verdict.expect(
      due?.text === text,
      2,
      `${client} hears ${text} where ${due?.text ?? 'nothing'} was due (message ${segment.heard} of its stream)`,
    );
  }

  /**
   * `isFailure`: not by whom it was put to. After a crash the next edge may not know of the last answers, and fails those
   * requests too; clients have let go of a request with its first answer.
   */
  answered(client: string, request: string, isFailure: boolean): void {
    const known = this.#requests.get(request);
    if (known === undefined) return;
    const hasGapped = known.segment !== this.#listeners.get(client)?.segment;
    if (isFailure && hasGapped && known.answers > 0) return;
    this.#verdict.expect(
      known.asker === client,
      5,
      `${client} hears the answer to ${request}, which it never asked`,
    );
    this.#verdict.expect(++known.answers === 1, 5, `${request} has ${known.answers} answers`);
  }

  /** What this client should have heard by now, and has not. */
  missingOf(client: string): string | undefined {
    const segment = this.#listeners.get(client)?.segment;
    return segment?.due.slice(segment.heard).find(({ isOptional }) => !isOptional)?.text;
  }

  /** A request whose asker went on without a gap, and that has no answer. */
  unansweredOf(client: string): string | undefined {
    const segment = this.#listeners.get(client)?.segment;
    for (const [text, request] of this.#requests) {
      if (request.asker === client && request.segment === segment && request.answers === 0) return text;
    }
    return undefined;
  }
}
