/**
 * Which front doors the pool has, and what each of them runs: one value in the directory with a line for each process, which that process
 * alone keeps fresh. Whose line stands still for long is gone, as the clock of each reader says. For people to read: nothing is decided by it.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readWorker } from '#shared/siblings.ts';
import { version as ownVersion } from '#shared/version.ts';
import type { Directory } from './directory/directory.ts';
import { parseStored } from './directory/stored-json.ts';

export interface FrontDoorLine {
  /** Host and port for clients, and the number of the worker where there are several. */
  readonly name: string;
  readonly version: string;
}

export interface RollOptions {
  readonly directory: Pick<Directory, 'readFleetSetting' | 'writeFleetSetting'>;
  readonly nowMs: () => number;
  readonly version?: string;
}

const settingName = 'front-doors';
const freshIntervalMs = 10_000;
/** Of a process that was killed. */
const goneAfterMs = 60_000;
/** Looks that are further apart than this, for the store was away or this process slept, tell nothing of who is gone. */
const gapMs = 15_000;
const triesMax = 10;
const leaveMaxMs = 1_000;

/** What newer ones add to a line is theirs to write again. */
const rollSchema = z.record(
  z.string().max(64),
  z.object({ name: z.string().max(256), version: z.string().max(64), beat: z.number() }),
);

type Roll = z.output<typeof rollSchema>;

export function frontDoorName(port: number): string {
  const { number, of } = readWorker();
  const place = `${hostname()}-${port}`;
  return of > 1 ? `${place}-${number}` : place;
}

export class FrontDoorRoll {
  readonly #options: RollOptions;
  readonly #id = randomUUID();
  #name: string | undefined;
  #beat = 0;
  #freshAtMs = -Infinity;
  #lookedAtMs = -Infinity;
  #roll: Roll = {};
  /** When the line of each was seen to change, by this front door's clock. */
  readonly #seen = new Map<string, { readonly beat: number; readonly atMs: number }>();

  constructor(options: RollOptions) {
    this.#options = options;
  }

  /** By name, this one among them once it serves. */
  get doors(): readonly FrontDoorLine[] {
    const doors = Object.entries(this.#roll).filter(([id]) => id !== this.#id && !this.#isGone(id));
    const lines: FrontDoorLine[] = doors.map(([, { name, version }]) => ({ name, version }));
    if (this.#name !== undefined) lines.push({ name: this.#name, version: this.#version });
    return lines.toSorted((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
  }

  isThis({ name }: FrontDoorLine): boolean {
    return name === this.#name;
  }

  /** It serves clients, as `name`. Is told to the others by the next look. */
  enter(name: string): void {
    this.#name = name;
  }

  /** To be called again and again. */
  async refresh(): Promise<void> {
    const { nowMs } = this.#options;
    const version = await this.#read();
    if (this.#name === undefined || nowMs() - this.#freshAtMs < freshIntervalMs) return;
    const line = { name: this.#name, version: this.#version, beat: ++this.#beat };
    await this.#change(version, (roll) => ({ ...roll, [this.#id]: line }));
    this.#freshAtMs = nowMs();
  }

  /** It serves no longer. Never rejects, and waits for no store that does not answer: the others notice by themselves. */
  async leave(): Promise<void> {
    if (this.#name === undefined) return;
    this.#name = undefined;
    const striking = this.#read().then(async (version) => await this.#change(version, (others) => others));
    await Promise.race([striking.catch(() => undefined), sleep(leaveMaxMs, undefined, { ref: false })]);
  }

  get #version(): string {
    return this.#options.version ?? ownVersion;
  }

  /** Without the lines of who is gone, and without this one's. Who loses every race says it with the next look. */
  async #change(seenVersion: number, edit: (others: Roll) => Roll): Promise<void> {
    let version = seenVersion;
    for (let tries = 0; tries < triesMax; tries++) {
      const others = Object.entries(this.#roll).filter(([id]) => id !== this.#id && !this.#isGone(id));
      const next = edit(Object.fromEntries(others));
      if (await this.#options.directory.writeFleetSetting(settingName, JSON.stringify(next), version)) {
        this.#roll = next;
        return;
      }
      version = await this.#read();
    }
  }

  /** Gives the version. What nobody can read is begun anew: whoever serves has its line in it within seconds. */
  async #read(): Promise<number> {
    const { directory, nowMs } = this.#options;
    const stored = await directory.readFleetSetting(settingName);
    this.#roll = rollSchema.safeParse(parseStored(stored?.value ?? '{}')).data ?? {};
    const now = nowMs();
    const isGap = now - this.#lookedAtMs > gapMs;
    this.#lookedAtMs = now;
    for (const id of this.#seen.keys()) if (!Object.hasOwn(this.#roll, id)) this.#seen.delete(id);
    for (const [id, { beat }] of Object.entries(this.#roll)) {
      const known = this.#seen.get(id);
      if (isGap || known?.beat !== beat) this.#seen.set(id, { beat, atMs: now });
    }
    return stored?.version ?? 0;
  }

  #isGone(id: string): boolean {
    const known = this.#seen.get(id);
    return known !== undefined && this.#lookedAtMs - known.atMs > goneAfterMs;
  }
}
