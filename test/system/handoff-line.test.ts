/**
 * The line between a front door and an edge: both ends in this process, with real clients. A connection is with one side or the
 * other at every moment, whatever goes wrong, and no descriptor is left behind.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Give, HandoffMessage } from '#shared/handoff-frames.ts';
import { Metrics } from '#shared/metrics.ts';
import { HandoffPort } from '../../edge/handoff/handoff-port.ts';
import { ClientConnection } from '../../proxy/wire/client-connection.ts';
import type { ClientWire, Door } from '../../proxy/wire/client-connection.ts';
import { HandoffLine } from '../../proxy/wire/handoff-line.ts';
import type { GiveDecision } from '../../proxy/wire/handoff-line.ts';
import { openTrust } from '../../proxy/upstream-trust.ts';
import { openTransport } from '../../proxy/wire/open-transport.ts';
import { aheadPerTurn } from '../../proxy/wire/bounds.ts';
import { TimerWheel } from '../../proxy/wire/timer-wheel.ts';
import { TurnQueue } from '../../proxy/wire/turn-queue.ts';
import { defaultSettings } from '../support/default-settings.ts';
import { gather } from '../support/native-scene.ts';
import { eventually } from '../support/oct-inbox.ts';
import { countDescriptors } from '../support/own-descriptors.ts';

const request = 'GET / HTTP/1.1\r\nhost: a\r\n\r\n';
const trust = openTrust({ CT_UPSTREAM_CA: '', CT_TRUST_ALL_CERTS: 'false' });
const transport = openTransport('required', trust, new Metrics('ct_proxy_'));

interface Gift {
  readonly give: Give;
  readonly fd: number;
  readonly reply: (message: HandoffMessage) => void;
}

/** A front door's connections, their line, and the edge's end of it. */
class LineScene implements Door {
  readonly settings = defaultSettings();
  clockAheadMs = 0;
  readonly wheel = new TimerWheel(() => performance.now() + this.clockAheadMs);
  readonly ahead = new TurnQueue(aheadPerTurn);
  readonly metrics = new Metrics('ct_proxy_');
  readonly secure = false;
  readonly isStopping = false;
  readonly gifts: Gift[] = [];
  readonly decisions: GiveDecision[] = [];
  readonly connections: ClientConnection[] = [];
  readonly port: HandoffPort;
  readonly line: HandoffLine;
  /** Clients have left. */
  left = 0;
  #tcpPort = 0;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-line-'));
    this.port = HandoffPort.open({
      folder,
      name: 'edge',
      taker: { onGive: (give, fd, reply) => this.gifts.push({ give, fd, reply }) },
    })!;
    this.line = new HandoffLine({ offer: this.port.offer, transport, wheel: this.wheel });
    t.after(() => {
      this.line.close();
      for (const connection of this.connections) connection.destroy();
      this.port.close();
      assert.deepEqual(readdirSync(folder), []);
      rmSync(folder, { recursive: true });
    });
  }

  noteRefusal(): void {
    // Nobody keeps a log here.
  }

  async open(t: TestContext): Promise<void> {
    const listening = await transport.listen('127.0.0.1', 0, (adopt) => {
      this.connections.push(new ClientConnection(adopt, this));
    });
    this.#tcpPort = listening.port;
    t.after(() => listening.stop());
    await eventually(() => this.line.isOpen, 'the line stands');
  }

  /** A client whose head was read; `early` came right behind it. */
  async openClient(t: TestContext, early = ''): Promise<Socket> {
    const count = this.#exchanges;
    const socket = connect({ host: '127.0.0.1', port: this.#tcpPort, allowHalfOpen: true });
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    socket.write(request + early);
    await eventually(() => this.#exchanges > count, 'its exchange has begun');
    return socket;
  }

  giveLast(exchangeId = 'x'): () => void {
    return this.line.give({
      client: this.connections.at(-1)!,
      exchangeId,
      fields: 'ctstickiness: k\r\n',
      idleMs: 1_000,
      onDecided: (decision) => this.decisions.push(decision),
    });
  }

  async nextGift(): Promise<Gift> {
    await eventually(() => this.gifts.length > 0, 'a connection has come');
    return this.gifts.shift()!;
  }

  async nextDecision(): Promise<GiveDecision> {
    await eventually(() => this.decisions.length > 0, 'it is decided');
    return this.decisions.shift()!;
  }

  #exchanges = 0;

  openWire(): ClientWire {
    this.#exchanges++;
    return { leave: () => this.left++, onDrain: () => undefined } as unknown as ClientWire;
  }

  async conduct(): Promise<void> {
    await new Promise(() => undefined);
  }

  forget(): void {
    // The scene keeps them to end them.
  }
}

async function openScene(t: TestContext): Promise<LineScene> {
  const scene = new LineScene(t);
  await scene.open(t);
  return scene;
}

test('a connection that is taken speaks with its new owner alone, and its end and bytes are told', async (t) => {
  const scene = await openScene(t);
  const before = countDescriptors();
  const client = await scene.openClient(t, 'early');
  const heard = gather(client);
  scene.giveLast();
  const { give, fd, reply } = await scene.nextGift();
  assert.equal(give.early.toString(), 'early');
  assert.equal(give.fields, 'ctstickiness: k\r\n');
  reply({ kind: 'taken', number: give.number });
  const decision = await scene.nextDecision();
  assert.ok(decision.kind === 'taken');
  const totals: unknown[] = [];
  decision.tunnel.watch(({ bytes }) => totals.push(bytes));
  const taken = new Socket({ fd });
  client.write('hello');
  const read = gather(taken);
  await eventually(() => read.bytes().toString() === 'hello', 'what the client says');
  taken.write('hi');
  await eventually(() => heard.bytes().toString() === 'hi', 'what the client hears');
  taken.destroy();
  reply({ kind: 'ended', number: give.number, status: 101, up: 10, down: 2 });
  await eventually(() => heard.ended(), 'the client sees the end');
  assert.deepEqual(totals, [{ status: 101, up: 10, down: 2 }]);
  client.destroy();
  await eventually(() => countDescriptors() <= before, 'no descriptor is left');
  assert.equal(scene.left, 0);
});

test('a connection that nobody claims is the front door’s as before', async (t) => {
  const scene = await openScene(t);
  const client = await scene.openClient(t, 'early');
  const heard = gather(client);
  const giveInVain = async (): Promise<string> => {
    scene.giveLast();
    const { give, fd, reply } = await scene.nextGift();
    new Socket({ fd }).destroy();
    reply({ kind: 'unclaimed', number: give.number });
    assert.deepEqual(await scene.nextDecision(), { kind: 'untaken', reason: 'unclaimed' });
    return give.early.toString();
  };
  assert.equal(await giveInVain(), 'early');
  client.write(' late');
  await eventually(async () => (await giveInVain()) === 'early late', 'what comes meanwhile is kept');
  const connection = scene.connections.at(-1)!;
  connection.write('answer');
  await eventually(() => heard.bytes().toString() === 'answer', 'it can be answered');
});

test('an edge that says nothing does not get the connection: it is cut for both', async (t) => {
  const scene = await openScene(t);
  const client = await scene.openClient(t);
  const heard = gather(client);
  scene.giveLast();
  const { fd } = await scene.nextGift();
  scene.clockAheadMs = 6_000;
  scene.wheel.tick();
  assert.deepEqual(await scene.nextDecision(), { kind: 'cut' });
  await eventually(() => heard.ended(), 'the client sees the end though the edge has a descriptor');
  new Socket({ fd }).destroy();
});

test('when the line is lost what was not taken comes back, and what was taken goes on', async (t) => {
  const scene = await openScene(t);
  const first = await scene.openClient(t);
  scene.giveLast();
  const gift = await scene.nextGift();
  gift.reply({ kind: 'taken', number: gift.give.number });
  const decision = await scene.nextDecision();
  assert.ok(decision.kind === 'taken');
  const totals: unknown[] = [];
  decision.tunnel.watch(({ bytes }) => totals.push(bytes));
  const taken = new Socket({ fd: gift.fd });
  t.after(() => taken.destroy());
  const second = await scene.openClient(t);
  const heard = gather(second);
  scene.giveLast();
  const other = await scene.nextGift();
  scene.line.close();
  assert.deepEqual(await scene.nextDecision(), { kind: 'untaken', reason: 'line-lost' });
  new Socket({ fd: other.fd }).destroy();
  scene.connections.at(-1)!.write('answer');
  await eventually(() => heard.bytes().toString() === 'answer', 'what came back can be answered');
  await eventually(() => totals.length === 1, 'the front door hears no more of what was taken');
  const read = gather(taken);
  first.write('still here');
  await eventually(() => read.bytes().toString() === 'still here', 'it goes on');
  scene.giveLast();
  assert.deepEqual(await scene.nextDecision(), { kind: 'untaken', reason: 'line-lost' });
});

test('when its edge is over a client that was handed on is cut, though the edge hangs', async (t) => {
  const scene = await openScene(t);
  const client = await scene.openClient(t);
  const heard = gather(client);
  scene.giveLast();
  const { give, fd, reply } = await scene.nextGift();
  reply({ kind: 'taken', number: give.number });
  const decision = await scene.nextDecision();
  assert.ok(decision.kind === 'taken');
  decision.tunnel.close();
  await eventually(() => heard.ended(), 'the client sees the end');
  new Socket({ fd }).destroy();
});

test('a client that resets in the middle is taken or comes back, and leaves nothing open', async (t) => {
  const scene = await openScene(t);
  const before = countDescriptors();
  for (const answer of ['taken', 'unclaimed'] as const) {
    const client = await scene.openClient(t);
    scene.giveLast();
    const { give, fd, reply } = await scene.nextGift();
    client.resetAndDestroy();
    const taken = new Socket({ fd });
    taken.on('error', () => undefined);
    await eventually(() => taken.destroyed, 'the edge hears of the reset');
    reply({ kind: answer, number: give.number });
    assert.equal((await scene.nextDecision()).kind, answer === 'taken' ? 'taken' : 'untaken');
    if (answer === 'taken') reply({ kind: 'ended', number: give.number, status: 101, up: 0, down: 0 });
  }
  await eventually(() => countDescriptors() <= before, 'no descriptor is left');
});

test('who does not know the secret gets no word on the line, and what it brought is closed', async (t) => {
  const scene = await openScene(t);
  const offer = { ...scene.port.offer, secret: 'not the secret of this edge' };
  const wrong = new HandoffLine({ offer, transport, wheel: scene.wheel });
  await eventually(() => wrong.isOver, 'the line is closed');
  assert.ok(scene.line.isOpen);
});

test('many connections at once all go over, though the line is full meanwhile', async (t) => {
  const scene = await openScene(t);
  const count = 600;
  const clients: Socket[] = [];
  for (let n = 0; n < count; n++) clients.push(await scene.openClient(t));
  const before = countDescriptors();
  for (const client of scene.connections) {
    scene.line.give({
      client,
      exchangeId: 'x',
      fields: '',
      idleMs: 1_000,
      onDecided: (decision) => scene.decisions.push(decision),
    });
  }
  await eventually(() => scene.gifts.length === count, 'all have come');
  for (const { give, fd, reply } of scene.gifts) {
    new Socket({ fd }).destroy();
    reply({ kind: 'taken', number: give.number });
    reply({ kind: 'ended', number: give.number, status: 101, up: 0, down: 0 });
  }
  await eventually(() => scene.decisions.length === count, 'all are decided');
  assert.deepEqual([...new Set(scene.decisions.map(({ kind }) => kind))], ['taken']);
  await eventually(() => countDescriptors() <= before - count, 'no descriptor is left');
});
