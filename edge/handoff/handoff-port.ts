/**
 * Where front doors of the same machine bring the connections of their clients: a Unix-domain socket in the data folder, with
 * one line for each front door. Reads messages and the descriptors that come with them; what becomes of them is the desk's.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { eventKinds, loadNativeSockets } from '#native/binding.ts';
import type { NativeSockets } from '#native/binding.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import { HandoffReader, encodeHandoff } from '#shared/handoff-frames.ts';
import type { Give, HandoffMessage } from '#shared/handoff-frames.ts';
import type { HandoffOffer } from '#shared/handoff-offer.ts';
import { nameOwnNetwork } from '#shared/own-network.ts';
import { EndOfTurn } from '../end-of-turn.ts';

/** What a descriptor is given to. */
export interface HandoffTaker {
  /** `fd` is the taker's to close, and -1 where it found no room. */
  onGive(give: Give, fd: number, reply: (message: HandoffMessage) => void): void;
}

interface PortOptions {
  readonly folder: string;
  /** Of this edge: several may share the folder. */
  readonly name: string;
  readonly taker: HandoffTaker;
}

const readsBytes = 262_144;
const eventsMax = 1_024;
const fieldsPerEvent = 4;
const backlog = 64;
const starvedPauseMs = 100;
/** Descriptors of one line whose messages are incomplete; a front door has one of them at most. */
const handlesMax = 16;
/** What a front door takes: as long as the kernel has it, in characters of one byte. */
const usablePath = /^\/[\x20-\x7e]{1,106}$/;
const ending = '.handoff';

export class HandoffPort {
  readonly offer: HandoffOffer;
  readonly #native: NativeSockets;
  readonly #taker: HandoffTaker;
  readonly #reads = Buffer.allocUnsafeSlow(readsBytes);
  readonly #events = new Int32Array(eventsMax * fieldsPerEvent);
  readonly #lines = new Map<number, Line>();

  /** Undefined where there is no add-on, or the folder's path is none for a socket. */
  static open(options: PortOptions): HandoffPort | undefined {
    const name = `${options.name}-${randomBytes(4).toString('hex')}${ending}`;
    const path = join(resolve(options.folder), name);
    const native = usablePath.test(path) ? loadNativeSockets() : undefined;
    return native === undefined ? undefined : new HandoffPort(native, path, options);
  }

  private constructor(native: NativeSockets, path: string, { folder, name, taker }: PortOptions) {
    this.#native = native;
    this.#taker = taker;
    this.offer = { path, secret: randomBytes(24).toString('hex'), network: nameOwnNetwork() };
    removeFormer(folder, name);
    native.open(this.#reads, this.#events, (count) => this.#onBatch(count));
    native.listenPath(path, backlog);
  }

  /** Connections that were taken go on: they are no part of it. */
  close(): void {
    this.#native.shutDown();
    for (const line of this.#lines.values()) line.close();
    rmSync(this.offer.path, { force: true });
  }

  #onBatch(count: number): void {
    const events = this.#events;
    for (let at = 0; at < count * fieldsPerEvent; at += fieldsPerEvent) {
      this.#hear(events[at]!, events[at + 1]!, [events[at + 2]!, events[at + 3]!]);
    }
  }

  #hear(kind: number, id: number, [a, b]: readonly [number, number]): void {
    switch (kind) {
      case eventKinds.accepted:
        this.#native.takeHandles(a);
        this.#lines.set(
          a,
          new Line(a, { native: this.#native, secret: this.offer.secret, taker: this.#taker }),
        );
        return;
      case eventKinds.acceptFailed:
        setTimeout(() => this.#native.resumeAccepting(id), starvedPauseMs).unref();
        return;
      case eventKinds.handle: {
        const line = this.#lines.get(id);
        if (line === undefined) this.#native.closeHandle(a, false);
        else if (!line.onHandle(a)) this.#drop(id);
        return;
      }
      case eventKinds.data:
        if (this.#lines.get(id)?.onBytes(this.#reads.subarray(a, a + b)) === false) this.#drop(id);
        return;
      case eventKinds.ended:
      case eventKinds.closed:
        return this.#drop(id);
    }
  }

  #drop(id: number): void {
    this.#native.close(id);
    this.#lines.get(id)?.close();
    this.#lines.delete(id);
  }
}

interface LineOptions {
  readonly native: NativeSockets;
  readonly secret: string;
  readonly taker: HandoffTaker;
}

/** One front door. */
class Line {
  readonly #id: number;
  readonly #options: LineOptions;
  readonly #reader = new HandoffReader();
  /** Descriptors whose messages are not complete yet. */
  readonly #handles: number[] = [];
  #isGreeted = false;
  #isOver = false;
  /** What waits for the end of the turn: ends alone, of which many come at once. */
  readonly #unsaid: Buffer[] = [];
  readonly #turn = new EndOfTurn<undefined>(() => this.#write());
  readonly #reply = (message: HandoffMessage): void => {
    const isFirst = this.#unsaid.push(encodeHandoff(message)) === 1;
    // All else is said at once: the front door knows of it before the client hears a byte of ours.
    if (message.kind !== 'ended') this.#write();
    else if (isFirst) this.#turn.add(undefined);
  };

  constructor(id: number, options: LineOptions) {
    this.#id = id;
    this.#options = options;
  }

  #write(): void {
    const bytes = Buffer.concat(this.#unsaid.splice(0));
    if (!this.#isOver && bytes.length > 0) this.#options.native.write(this.#id, bytes, 0, bytes.length);
  }

  /** False where more come than are announced. */
  onHandle(fd: number): boolean {
    return this.#handles.push(fd) <= handlesMax;
  }

  /** False where what comes is not said by a front door of this fleet. */
  onBytes(bytes: Buffer): boolean {
    return this.#reader.read(bytes).every((message) => message !== undefined && this.#hear(message));
  }

  close(): void {
    this.#isOver = true;
    for (const fd of this.#handles.splice(0)) this.#options.native.closeHandle(fd, false);
  }

  #hear(message: HandoffMessage): boolean {
    const { secret, taker } = this.#options;
    if (message.kind === 'greeting') {
      this.#isGreeted = secretsEqual(message.secret, secret);
      if (this.#isGreeted) this.#reply({ kind: 'welcome' });
      return this.#isGreeted;
    }
    if (message.kind !== 'give' || !this.#isGreeted) return false;
    const fd = this.#handles.shift();
    if (fd === undefined) return false;
    taker.onGive(message, fd, this.#reply);
    return true;
  }
}

/** A process that was killed leaves its socket behind; only one process at a time has an edge's id. */
function removeFormer(folder: string, name: string): void {
  for (const file of readdirSync(folder)) {
    if (!file.startsWith(`${name}-`) || !file.endsWith(ending)) continue;
    if (file.length === name.length + 9 + ending.length) rmSync(join(folder, file), { force: true });
  }
}
