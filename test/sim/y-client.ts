/**
 * A client of y-websocket on one document, as the real ones are: exchanges state vectors at each connection, sends what
 * it edits, comes back for ever, and brings what it still has. Its document is a list, to which clients only add.
 */
import { Doc, applyUpdate, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import {
  decodeMessage,
  encodeAnswerMessage,
  encodeStateVectorMessage,
  encodeUpdateMessage,
} from '../../edge/y/message.ts';
import type { ClientWorld } from './client-world.ts';
import type { DownFrame, Tunnel } from './tunnel.ts';

/** What is known of all edits of one document, by all its clients. */
export interface Edits {
  readonly made: Set<string>;
  /** Others have seen them, so they are stored. */
  readonly seen: Set<string>;
}

const connectMaxMs = 10_000;
const backoffMaxMs = 2_500;
const fromEdge = Symbol('from the edge');

export class YClient {
  readonly name: string;
  isSynced = false;
  readonly #world: ClientWorld;
  readonly #target: string;
  readonly #edits: Edits;
  #doc = new Doc();
  #tunnel: Tunnel | undefined;
  #seats = 0;
  #seat = '';
  #edited = 0;
  #attempts = 0;

  constructor(world: ClientWorld, name: string, key: string, edits: Edits) {
    this.#world = world;
    this.name = name;
    this.#target = `/y/${key}/notes`;
    this.#edits = edits;
    this.#follow();
  }

  get list(): readonly string[] {
    return this.#doc.getArray<string>('list').toArray();
  }

  edit(): void {
    const text = `${this.name}-${++this.#edited}`;
    const list = this.#doc.getArray<string>('list');
    this.#edits.made.add(text);
    list.insert(this.#world.ground.random.int(0, list.length), [text]);
  }

  cut(losesAll: boolean): void {
    this.#tunnel?.break(losesAll);
  }

  /** Begins anew with an empty document: what nobody else has seen may be gone. */
  restart(): void {
    this.#world.ground.tell(this.name, 'starts anew');
    for (const text of this.list) {
      const isOwn = text.startsWith(`${this.name}-`);
      if (isOwn && !this.#edits.seen.has(text)) this.#edits.made.delete(text);
    }
    this.#doc = new Doc();
    this.#follow();
    this.#tunnel?.break(false);
    this.#comeBack();
  }

  leave(): void {
    this.#tunnel?.sendUp({ kind: 'close' });
    this.#tunnel = undefined;
    this.#seat = 'left';
  }

  connect(): void {
    // One that began anew before its first connection has made it already.
    if (this.#seat !== '') return;
    const seat = `${this.name}#${++this.#seats}`;
    this.#seat = seat;
    const isCurrent = (): boolean => this.#seat === seat && this.#tunnel === undefined;
    this.#world.send({
      client: this.name,
      method: 'GET',
      target: this.#target,
      headers: [],
      isUpgrade: true,
      seat,
      onDown: (frame) => {
        if (seat === this.#seat) this.#hear(frame);
      },
      onAnswer: () => isCurrent() && this.#comeBack(),
      onFailed: () => isCurrent() && this.#comeBack(),
      onTunnel: (tunnel) => {
        if (!isCurrent()) return tunnel.break(true);
        this.#tunnel = tunnel;
        this.#attempts = 0;
        tunnel.resumeDown();
        this.#send(encodeStateVectorMessage(encodeStateVector(this.#doc)));
      },
    });
    this.#world.ground.time.after(connectMaxMs, undefined, () => isCurrent() && this.#comeBack());
  }

  #hear(frame: DownFrame): void {
    switch (frame.kind) {
      case 'ping':
        return this.#tunnel?.sendUp({ kind: 'pong' });
      case 'bytes':
        return splitFrames(frame.bytes).forEach((message) => this.#onMessage(message));
      case 'close':
        this.#tunnel?.sendUp({ kind: 'close' });
        return this.#comeBack();
      case 'broken':
        return this.#comeBack();
      default:
    }
  }

  #onMessage(bytes: Uint8Array): void {
    const message = decodeMessage(bytes);
    if (message?.kind === 'state-vector')
      return this.#send(encodeAnswerMessage(encodeStateAsUpdate(this.#doc, message.bytes)));
    if (message?.kind !== 'update') return;
    applyUpdate(this.#doc, message.bytes, fromEdge);
    this.isSynced = true;
    for (const text of this.list) if (!text.startsWith(`${this.name}-`)) this.#edits.seen.add(text);
  }

  #follow(): void {
    this.#doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== fromEdge) this.#send(encodeUpdateMessage(update));
    });
  }

  /** Without a connection it is lost; the next one begins with state vectors. */
  #send(message: Uint8Array): void {
    this.#tunnel?.sendUp({ kind: 'bytes', bytes: Buffer.from(message) });
  }

  #comeBack(): void {
    const { time, random } = this.#world.ground;
    this.#tunnel?.break(false);
    this.#tunnel = undefined;
    this.#seat = '';
    this.isSynced = false;
    const pauseMs = Math.min(backoffMaxMs, 100 * 2 ** this.#attempts++) * (0.8 + 0.4 * random.next());
    time.after(pauseMs, undefined, () => {
      if (this.#seat === '') this.connect();
    });
  }
}

/** Frames as `edge/frame.ts` writes them. */
function splitFrames(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const short = bytes[at + 1]!;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    messages.push(bytes.subarray(at + head, at + head + length));
    at += head + length;
  }
  return messages;
}
