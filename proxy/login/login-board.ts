/**
 * What front doors of several hosts tell each other of logins: a client may begin one at one of them, and its browser confirm it at another.
 * Any of them knows a poll token as one of the pool by its signature. A login token lies in the directory until it is fetched, sealed with
 * the poll token, which is not stored.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import type { Directory } from '../directory/directory.ts';
import { parseStored } from '../directory/stored-json.ts';

interface BoardOptions {
  readonly directory: Pick<Directory, 'readFleetSetting' | 'writeFleetSetting'>;
  /** Equal on all front doors. */
  readonly secret: string;
  readonly wallMs: () => number;
}

const settingName = 'logins';
const lifeMs = 300_000;
/** Each is fetched within a second or so; all of them fit into one value of any database. */
const entriesMax = 100;
const lookIntervalMs = 500;
const triesMax = 10;
const ivBytes = 12;
const tagBytes = 16;

const boardSchema = z.record(z.string().max(64), z.object({ sealed: z.string(), until: z.number() }));

type Board = z.output<typeof boardSchema>;

export class LoginBoard {
  readonly #options: BoardOptions;
  /** One look for all who wait: anybody may begin logins and wait for them. */
  #look: Promise<Board> | undefined;
  #lookedAtMs = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  /** A poll token that every front door of the pool knows. */
  sign(random: string): string {
    const text = `${random}.${(this.#options.wallMs() + lifeMs).toString(36)}`;
    return `${text}.${this.#macOf(text)}`;
  }

  isSigned(pollToken: string): boolean {
    const at = pollToken.lastIndexOf('.');
    const text = pollToken.slice(0, Math.max(0, at));
    if (!secretsEqual(pollToken.slice(at + 1), this.#macOf(text))) return false;
    return parseInt(text.split('.').at(-1)!, 36) > this.#options.wallMs();
  }

  /** Throws `directory-unavailable`. */
  async post(pollToken: string, token: string): Promise<void> {
    const entry = { sealed: seal(pollToken, token), until: this.#options.wallMs() + lifeMs };
    for (let tries = 0; tries < triesMax; tries++) {
      const { board, version } = await this.#read();
      const others = Object.entries(board).slice(1 - entriesMax);
      if (await this.#write(Object.fromEntries([...others, [nameOf(pollToken), entry]]), version)) return;
    }
    throw new AppError('directory-unavailable');
  }

  /** Waits for what was posted until the signal aborts, and takes it away. Of several who wait for one, one gets it. */
  async take(pollToken: string, signal: AbortSignal): Promise<string | undefined> {
    while (!signal.aborted) {
      const board = await this.#glance();
      const token = Object.hasOwn(board, nameOf(pollToken)) ? await this.drop(pollToken) : undefined;
      if (token !== undefined) return token;
      await sleep(lookIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  }

  /** Takes away what is there now. Never rejects: a store that does not answer has nothing for now. */
  async drop(pollToken: string): Promise<string | undefined> {
    const name = nameOf(pollToken);
    try {
      for (let tries = 0; tries < triesMax; tries++) {
        const { board, version } = await this.#read();
        const { [name]: entry, ...others } = board;
        if (entry === undefined) return undefined;
        if (await this.#write(others, version)) return unseal(pollToken, entry.sealed);
      }
    } catch {
      // The directory tells of its own faults.
    }
    return undefined;
  }

  #glance(): Promise<Board> {
    const sinceMs = this.#options.wallMs() - this.#lookedAtMs;
    if (this.#look !== undefined && sinceMs >= 0 && sinceMs < lookIntervalMs) return this.#look;
    this.#lookedAtMs = this.#options.wallMs();
    this.#look = this.#read().then(
      ({ board }) => board,
      () => ({}),
    );
    return this.#look;
  }

  async #read(): Promise<{ board: Board; version: number }> {
    const stored = await this.#options.directory.readFleetSetting(settingName);
    const board = boardSchema.safeParse(parseStored(stored?.value ?? '{}')).data ?? {};
    const now = this.#options.wallMs();
    const fresh = Object.entries(board).filter(([, { until }]) => until > now);
    return { board: Object.fromEntries(fresh), version: stored?.version ?? 0 };
  }

  async #write(board: Board, version: number): Promise<boolean> {
    return await this.#options.directory.writeFleetSetting(settingName, JSON.stringify(board), version);
  }

  #macOf(text: string): string {
    return createHmac('sha256', this.#options.secret).update(`poll token ${text}`).digest('base64url');
  }
}

function nameOf(pollToken: string): string {
  return createHash('sha256').update(`name ${pollToken}`).digest('base64url');
}

function keyOf(pollToken: string): Buffer {
  return createHash('sha256').update(`key ${pollToken}`).digest();
}

function seal(pollToken: string, token: string): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv('aes-256-gcm', keyOf(pollToken), iv);
  const sealed = [iv, cipher.update(token, 'utf8'), cipher.final(), cipher.getAuthTag()];
  return Buffer.concat(sealed).toString('base64url');
}

function unseal(pollToken: string, sealed: string): string {
  const bytes = Buffer.from(sealed, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', keyOf(pollToken), bytes.subarray(0, ivBytes));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  return decipher.update(bytes.subarray(ivBytes, -tagBytes)).toString('utf8') + decipher.final('utf8');
}
