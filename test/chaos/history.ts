/**
 * The history of a run: what was done to the pool, and what every member, front door and edge said, heard and wrote, one
 * JSON line each. Written while it happens, judged when all is over, by a program that knows nothing but these lines.
 */
import { createReadStream, createWriteStream, globSync, mkdirSync, statSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { once } from 'node:events';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

export type Fault = 'kill' | 'stop' | 'cut' | 'move' | 'drain';

/** What happened, by kind; members and faults are named by the run, keys stand as they are. */
interface Facts {
  /** The scenario, and what it promises besides what every scenario does. */
  run: { scenario: string; keepsEnvelopes: boolean; returnMaxMs: number };
  /** Something was done to the edge; `keys` are those that it held then. */
  fault: { fault: Fault; round: number; edge: string; keys: readonly string[] };
  /** The edge is let run again, or heard again. */
  relief: { round: number; edge: string };
  /** So long after the fault the key was answered for by its next owner. */
  placed: { round: number; key: string; edge: string; afterMs: number };
  /** Everybody was back, or the time for that was over. */
  settled: { round: number };
  /** Who answers for the key, as the directory has it and as an exchange shows it. */
  located: { key: string; directory: string; edge: string };
  entered: { member: string; key: string; wire: Wire };
  left: { member: string; key: string };
  /** A member made an edit of a document, and has it on its way. */
  wrote: { member: string; key: string; document: string; edit: string };
  /** A member saw edits of others. */
  read: { member: string; key: string; document: string; edits: readonly string[] };
  /** All that somebody found who came anew; `isWhole` when everybody who wrote was there and had no more to say. */
  found: {
    member: string;
    key: string;
    document: string;
    askedAt: number;
    isWhole: boolean;
    edits: readonly string[];
  };
  /** The store took updates under an epoch, in this order. */
  committed: { key: string; epoch: number; order: number };
  /** Sealed broadcasts on the wire, by their fingerprint. */
  said: { member: string; key: string; envelope: string };
  /** `peer` is the sender's id, the epoch is that of the edge that passed it on. */
  heard: { member: string; key: string; peer: string; envelope: string; epoch: number };
  asked: { member: string; key: string; request: string };
  answered: { member: string; key: string; request: string; isError: boolean };
  /** Who the member is told to be. */
  introduced: { member: string; key: string; peer: string };
  /** Whom a member was told of: that they are there, or that they have left. */
  met: { member: string; key: string; peer: string; name: string };
  missed: { member: string; key: string; peer: string; name: string };
  /** A pin as the front door placed it, or as an exchange was carried under it. */
  owned: { key: string; edge: string; epoch: number };
  /** The edge began or ended to serve a session. */
  opened: { edge: string; process: number; epoch: number; why: string };
  closed: { edge: string; process: number; epoch: number; why: string };
  /** The kernel has let go of the edge's process; a killed one still had to be given the time to end. */
  ended: { edge: string };
  /** What a process holds with nobody there, after collections of its garbage, when so many visits are over. */
  held: { visits: number; heapBytes: number; rssBytes: number };
  /** All that the process of the edge served is over. */
  halted: { edge: string; process: number; why: string };
}

type KindOf = keyof Facts;
export type Happening = { [K in KindOf]: { readonly kind: K } & Readonly<Facts[K]> }[KindOf];
export type RecordOf<K extends KindOf> = {
  [L in K]: { readonly kind: L; readonly at: number } & Readonly<Facts[L]>;
}[K];
/** Times are milliseconds of the machine's clock, with fractions. */
export type HistoryRecord = RecordOf<KindOf>;
export type Wire = 'websocket' | 'polling' | 'y';

export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

/** A folder with a file for each member, and one for the pool. */
export class HistoryFolder {
  readonly path: string;
  readonly #streams = new Map<string, WriteStream>();

  constructor(path: string) {
    mkdirSync(path, { recursive: true });
    this.path = path;
  }

  /** The pen of one witness. */
  openPen(witness: string): Pen {
    let stream = this.#streams.get(witness);
    if (stream === undefined) {
      stream = createWriteStream(join(this.path, `${witness}.jsonl`), { flags: 'a' });
      this.#streams.set(witness, stream);
    }
    const target = stream;
    return (happening, at = nowMs()) => {
      target.write(`${JSON.stringify({ at, ...happening })}\n`);
    };
  }

  async close(): Promise<void> {
    await Promise.all(
      [...this.#streams.values()].map(async (stream) => {
        stream.end();
        await once(stream, 'close');
      }),
    );
  }
}

/** Writes down what happens now, or happened at the given time. */
export type Pen = (happening: Happening, at?: number) => void;

/** All records of a folder, or of one file, by time. */
export async function readHistory(path: string): Promise<HistoryRecord[]> {
  const isFolder = statSync(path).isDirectory();
  const folder = isFolder ? path : dirname(path);
  const files = isFolder ? globSync('*.jsonl', { cwd: folder }) : [basename(path)];
  if (files.length === 0) throw new Error(`there is no history in ${path}`);
  const records: HistoryRecord[] = [];
  for (const file of files.toSorted()) {
    const lines = createInterface({ input: createReadStream(join(folder, file)) });
    for await (const line of lines) if (line !== '') records.push(JSON.parse(line) as HistoryRecord);
  }
  return records.toSorted((a, b) => a.at - b.at);
}

/** The records of these kinds, in their order. */
export function pick<K extends KindOf>(records: readonly HistoryRecord[], ...kinds: K[]): RecordOf<K>[] {
  const wanted = new Set<KindOf>(kinds);
  return records.filter(({ kind }) => wanted.has(kind)) as unknown as RecordOf<K>[];
}
