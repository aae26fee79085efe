/**
 * Random lives of native sockets and the model that says what must hold of them: each end reads a prefix of what the
 * other one wrote, all of it where nothing was broken off; events keep their grammar; relays lose nothing.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { HeardEvent, HeardSocket, NativeScene } from './native-scene.ts';
import { portOf, startServer } from './native-scene.ts';
import { eventually } from './oct-inbox.ts';

/** One step of a script; `n` and `m` choose connections, `size` bytes. */
export interface Step {
  readonly action: (typeof actions)[number];
  readonly n: number;
  readonly m: number;
  readonly size: number;
  /** Done while a batch is handed out, in the midst of others' events, instead of between batches. */
  readonly inBatch: boolean;
}

/** Those that move bytes stand here more often, since they are chosen by lot. */
export const actions = [
  'write',
  'write',
  'write',
  'far-write',
  'far-write',
  'far-write',
  'pause',
  'resume',
  'far-pause',
  'far-resume',
  'shut',
  'far-end',
  'close',
  'reset',
  'far-reset',
  'relay',
  'relay',
  'close-relay',
  'turn',
] as const;

class Connection {
  readonly near: HeardSocket;
  readonly far: Socket;
  readonly index: number;
  written = 0;
  farWritten = 0;
  readonly farChunks: Buffer[] = [];
  isShut = false;
  isFarEnded = false;
  /** Closed or reset by someone: what was on its way may be lost. */
  isBroken = false;
  /** Closed by its owner: nothing more is heard of it. */
  isClosed = false;
  heardAtClose = 0;
  hasFarEnd = false;
  peer: Connection | undefined;
  isHead = false;
  /** Bytes that the owner had read and dropped when it was joined: the other far end gets what comes after them. */
  readAtRelay = 0;

  constructor(index: number, near: HeardSocket, far: Socket) {
    this.index = index;
    this.near = near;
    this.far = far;
    far.on('error', () => undefined);
    far.on('data', (chunk: Buffer) => this.farChunks.push(chunk));
    far.on('end', () => (this.hasFarEnd = true)).on('close', () => (this.hasFarEnd = true));
  }

  get isLost(): boolean {
    return this.isBroken || (this.peer?.isBroken ?? false);
  }
}

/** What a side says: its byte at a place is always the same, so that a place is enough to check it. */
function say(seed: number, from: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) bytes[at] = ((from + at) * 31 + ((from + at) >> 9) * 7 + seed * 53) & 255;
  return bytes;
}

export class NativeModel {
  readonly #scene: NativeScene;
  readonly #connections: Connection[];
  readonly #waiting: Step[] = [];
  #isDone = false;

  private constructor(scene: NativeScene, connections: Connection[]) {
    this.#scene = scene;
    this.#connections = connections;
    scene.onEvent = (event) => this.#hear(event);
  }

  /** Opens `count` connections, by turns accepted and made by the native side. */
  static async open(t: TestContext, scene: NativeScene, count: number): Promise<NativeModel> {
    const { server, sockets } = await startServer(t);
    const listener = scene.listen();
    const connections: Connection[] = [];
    for (let index = 0; index < count; index++) {
      if (index % 2 === 0) {
        const near = scene.watch(scene.sockets.connect('127.0.0.1', portOf(server)));
        await eventually(() => near.hears('connected') && sockets.length > index / 2, 'connected');
        connections.push(new Connection(index, near, sockets.at(-1)!));
      } else {
        const port = scene.sockets.localPort(listener.id);
        const far = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
        t.after(() => far.destroy());
        await eventually(() => listener.accepted.length > (index - 1) / 2, 'accepted');
        connections.push(new Connection(index, listener.accepted.at(-1)!, far));
      }
    }
    scene.sockets.stopListening(listener.id);
    return new NativeModel(scene, connections);
  }

  async run(script: readonly Step[]): Promise<void> {
    for (const step of script) {
      if (step.action === 'turn') await new Promise(setImmediate);
      else if (step.inBatch) this.#waiting.push(step);
      else this.#do(step);
    }
    for (const step of this.#waiting.splice(0)) this.#do(step);
    await this.#settle();
    this.#check();
  }

  #hear({ name, socket }: HeardEvent): void {
    const connection = this.#connections.find(({ near }) => near === socket);
    if (connection === undefined) return;
    assert.ok(!connection.isClosed, `${name} after the close of ${connection.index}`);
    const { peer } = connection;
    // Of the batch in which the two were joined: the relay has not begun to read.
    if (name === 'data' && peer !== undefined) {
      const { bytes } = socket;
      this.#scene.write(peer.near, bytes.subarray(bytes.length - socket.lastLength));
    }
    for (const step of this.#isDone ? [] : this.#waiting.splice(0, 1)) this.#do(step);
  }

  #do(step: Step): void {
    const connection = this.#connections[step.n % this.#connections.length]!;
    if (step.action.startsWith('far-')) this.#doFar(connection, step);
    else if (!connection.isClosed) this.#doNear(connection, step);
  }

  #doFar(connection: Connection, { action, size }: Step): void {
    const { far } = connection;
    if (far.destroyed) return;
    if (action === 'far-write' && !connection.isFarEnded) {
      far.write(say(connection.index, connection.farWritten, size));
      connection.farWritten += size;
    } else if (action === 'far-end' && !connection.isFarEnded) {
      connection.isFarEnded = true;
      far.end();
    } else if (action === 'far-reset') {
      connection.isBroken = true;
      // After its own end libuv refuses to reset, and Node would leave the descriptor open.
      if (connection.isFarEnded) far.destroy();
      else far.resetAndDestroy();
    } else if (action === 'far-pause') far.pause();
    else if (action === 'far-resume') far.resume();
  }

  #doNear(connection: Connection, step: Step): void {
    const { sockets } = this.#scene;
    const { near, peer } = connection;
    if (step.action === 'pause') sockets.pause(near.id);
    else if (step.action === 'resume') sockets.resume(near.id);
    else if (step.action === 'write' && peer === undefined) this.#write(connection, step.size);
    else if (step.action === 'shut' && peer === undefined) {
      connection.isShut = true;
      sockets.shutdownWrite(near.id);
    } else if (step.action === 'close' || step.action === 'reset') {
      sockets[step.action](near.id);
      this.#noteClosed(connection);
    } else if (step.action === 'close-relay' && connection.isHead) {
      sockets.closeRelay(near.id);
      this.#noteClosed(connection);
    } else if (step.action === 'relay') {
      this.#join(connection, this.#connections[step.m % this.#connections.length]!);
    }
  }

  #write(connection: Connection, size: number): void {
    const queued = this.#scene.write(connection.near, say(connection.index + 100, connection.written, size));
    assert.ok(queued >= 0 || connection.isShut || connection.isBroken, 'a write to a sound socket fails');
    if (queued >= 0) connection.written += size;
  }

  #noteClosed(connection: Connection): void {
    for (const side of [connection, connection.peer]) {
      if (side === undefined) continue;
      side.isBroken = true;
      side.isClosed = true;
    }
  }

  #join(head: Connection, other: Connection): void {
    const isFree = [head, other].every(({ peer, isClosed, isShut }) => !peer && !isClosed && !isShut);
    if (!isFree || head === other) return;
    if (!this.#scene.sockets.relay(head.near.id, other.near.id)) {
      assert.ok(head.isBroken || other.isBroken, 'two sound sockets can be joined');
      return;
    }
    [head.peer, other.peer] = [other, head];
    head.isHead = true;
    for (const side of [head, other]) side.readAtRelay = side.near.count;
  }

  /** Lets everything flow to its end. */
  async #settle(): Promise<void> {
    this.#isDone = true;
    const { sockets } = this.#scene;
    for (const connection of this.#connections) {
      const { far, near, isClosed, peer } = connection;
      far.resume();
      if (!far.destroyed && !connection.isFarEnded) far.end();
      if (isClosed || peer !== undefined) continue;
      sockets.resume(near.id);
      sockets.shutdownWrite(near.id);
    }
    const isOver = () => this.#connections.every((connection) => this.#isOver(connection));
    await eventually(isOver, 'everything is over').catch((error: unknown) => {
      throw new Error(this.#describe(), { cause: error });
    });
  }

  #describe(): string {
    const sides = this.#connections.map((connection) => {
      const { index, near, far, peer, isHead, isBroken, isClosed, written, farWritten, hasFarEnd } =
        connection;
      const got = connection.farChunks.reduce((sum, { length }) => sum + length, 0);
      const heard = near.heard.filter((event) => event !== 'data').join(' ');
      const queued = this.#scene.sockets.queued(near.id);
      const facts = {
        id: near.id,
        peer: peer?.index,
        isHead,
        isBroken,
        isClosed,
        written,
        got,
        farWritten,
        read: near.count,
      };
      return JSON.stringify({
        index,
        ...facts,
        heard,
        queued,
        hasFarEnd,
        isFarGone: far.destroyed,
        isFlowing: far.readableFlowing,
      });
    });
    return sides.join('\n');
  }

  #isOver({ near, hasFarEnd, isClosed, peer, isHead }: Connection): boolean {
    if (!hasFarEnd) return false;
    if (isClosed) return true;
    if (peer === undefined) return near.hears('ended') || near.hears('closed');
    return (isHead ? near : peer.near).hears('relayEnded') || near.hears('closed');
  }

  #check(): void {
    for (const connection of this.#connections) {
      const { index, near, farWritten, written, peer } = connection;
      const grammar = /^(connected )?((data|drained) )*(ended )?(drained )*(closed \d+ |relayEnded \d+ )?$/;
      assert.match(near.heard.map((event) => `${event} `).join(''), grammar);
      const { bytes } = near;
      assert.ok(bytes.equals(say(index, 0, bytes.length)), 'what was read is what the far end wrote');
      const got = Buffer.concat(connection.farChunks);
      const relayed = peer === undefined ? 0 : peer.farWritten - peer.readAtRelay;
      const expected = Buffer.concat([
        say(index + 100, 0, written),
        peer === undefined ? Buffer.alloc(0) : say(peer.index, peer.readAtRelay, relayed),
      ]);
      assert.ok(got.equals(expected.subarray(0, got.length)), 'the far end reads what was written for it');
      if (connection.isLost) continue;
      assert.ok(!near.hears('closed'), `nothing was broken, but ${near.heard.join(', ')}`);
      assert.equal(got.length, expected.length);
      if (peer === undefined) assert.equal(bytes.length, farWritten);
      else if (connection.isHead) assert.equal(near.heard.at(-1), 'relayEnded 0');
    }
  }
}
