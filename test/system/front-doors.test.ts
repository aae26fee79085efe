/** Several front doors side by side, of which one may come, go or die at any time. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { WebSocket } from 'ws';
import { DirectoryFile } from '../support/directory-file.ts';
import { locatorOf, startEdge } from '../support/edge-process.ts';
import { adminToken, ask, isReady, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { Asked, FrontDoor, LogLine } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { OwnHosts, canHaveOwnHosts } from '../support/own-hosts.ts';
import { runCommand } from '../support/run-command.ts';

/** Bytes of WebSockets go through the front doors, so that these take them along. */
const carried = { CT_HANDOFF: 'off' };

async function readyEdges(door: FrontDoor, count: number): Promise<void> {
  await eventually(
    async () => (await door.edges()).filter(isReady).length === count,
    `${count} edges are ready at ${door.host}`,
  );
}

/** Front doors that clients try in turn; whoever is away is left out by their own failures. */
class Crowd {
  readonly doors: FrontDoor[];
  readonly owners = new Map<string, Set<string>>();
  readonly sockets = new Map<string, WebSocket>();
  asked = 0;
  reconnects = 0;
  #isOver = false;

  constructor(doors: readonly FrontDoor[]) {
    this.doors = [...doors];
  }

  /** Asks by kept connections who owns the keys, by header and by cookie in turn, until the end. */
  async ask(keys: readonly string[]): Promise<void> {
    const agent = new Agent({ connections: 2 });
    for (let i = 0; !this.#isOver; i++) {
      const key = keys[i % keys.length]!;
      const headers = i % 2 === 0 ? { ctstickiness: key } : { cookie: `a=b; ctstickiness=${key}` };
      const door = this.doors[i % this.doors.length]!;
      try {
        const answer = await request(`http://${door.host}/ct-health/`, { dispatcher: agent, headers });
        const body = (await answer.body.json()) as { edge?: string; incarnation?: number };
        if (answer.statusCode !== 200) continue;
        this.asked++;
        this.owners.set(key, (this.owners.get(key) ?? new Set()).add(`${body.edge}:${body.incarnation}`));
      } catch (error) {
        // Refused, reset or closed under the request: the next one goes to another front door.
        if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      }
    }
    await agent.close();
  }

  /** Holds a WebSocket of the session, and comes back through another front door when it ends. */
  async hold(key: string, n: number): Promise<void> {
    for (let i = n; !this.#isOver; i++) {
      const door = this.doors[i % this.doors.length]!;
      const headers = n % 2 === 0 ? { ctstickiness: key } : { cookie: `ctstickiness=${key}` };
      const socket = new WebSocket(`ws://${door.host}/y/${key}/notes`, { headers });
      socket.on('error', () => undefined);
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.once('open', () => this.sockets.set(key, socket));
      await closed;
      this.sockets.delete(key);
      if (!this.#isOver) this.reconnects++;
    }
  }

  end(): void {
    this.#isOver = true;
    for (const socket of this.sockets.values()) socket.close();
  }
}

test('one of three front doors is killed, one is added, one stopped, all under load: no wrong edge, no pin moved', async (t) => {
  const dataDir = makeDataDir(t);
  const doors: FrontDoor[] = [];
  for (let i = 0; i < 4; i++) doors.push(await startFrontDoor(t, { dataDir, settings: carried }));
  const [one, two, three, later] = doors as [FrontDoor, FrontDoor, FrontDoor, FrontDoor];
  // Named from the start, and there again when it is added.
  await later.kill();
  for (const id of ['e1', 'e2', 'e3']) startEdge(t, { id, locators: doors.map(locatorOf), dataDir });
  for (const door of [one, two, three]) await readyEdges(door, 3);
  const keys = Array.from({ length: 60 }, (_, i) => `session-${i}`);
  const crowd = new Crowd([one, two, three]);
  t.after(() => crowd.end());
  const running = [
    ...keys.slice(0, 20).map(async (key, n) => await crowd.hold(key, n)),
    ...Array.from({ length: 6 }, async () => await crowd.ask(keys)),
  ];
  const allHeld = async (): Promise<void> => {
    const asked = crowd.asked;
    await eventually(() => crowd.sockets.size === 20 && crowd.asked > asked + 300, 'all are served');
  };
  await allHeld();
  await eventually(() => crowd.owners.size === keys.length, 'all keys are placed');
  const file = new DirectoryFile(t, dataDir);
  const pinsOf = (): (string | undefined)[] =>
    keys.map((key) => `${file.pin(key)?.edge} ${file.pin(key)?.epoch}`);
  const before = pinsOf();

  await one.kill();
  await allHeld();
  crowd.doors.splice(crowd.doors.indexOf(one), 1);
  const settings = { ...carried, CT_CONTROL_PORT: String(later.controlPort) };
  const added = await startFrontDoor(t, { dataDir, settings });
  await readyEdges(added, 3);
  crowd.doors.push(added);
  await allHeld();
  crowd.doors.splice(crowd.doors.indexOf(two), 1);
  await two.end();
  await allHeld();

  const proof = await runCommand(t, ['verify', '--admin', three.adminUrl], { CT_ADMIN_TOKEN: adminToken });
  assert.equal(proof.code, 0, proof.stdout + proof.stderr);
  assert.deepEqual(pinsOf(), before, 'no pin has moved');
  crowd.end();
  await Promise.all(running);
  const wrong = [...crowd.owners].filter(
    ([key, owners]) =>
      owners.size > 1 || !before[keys.indexOf(key)]!.startsWith([...owners][0]!.split(':')[0]!),
  );
  assert.deepEqual(wrong, []);
  t.diagnostic(`${crowd.asked} asked, ${crowd.reconnects} WebSockets came back`);
});

test('an edge joins what the name of its front doors has now, leaves what it has no more, and no two ways lead to one twice', async (t) => {
  if (!canHaveOwnHosts()) return t.diagnostic('not tried: it needs root, and unshare');
  const dataDir = makeDataDir(t);
  const listen = (host: string, port = 0): Promise<FrontDoor> =>
    startFrontDoor(t, { dataDir, settings: { CT_CONTROL_HOST: host, CT_CONTROL_PORT: String(port) } });
  const one = await listen('0.0.0.0');
  const hosts = new OwnHosts(t);
  // Both addresses are of the same process.
  hosts.set({ 'doors.test': ['127.0.0.2', '127.0.0.3'] });
  const locators = [`ws://doors.test:${one.controlPort}`];
  let joins = 0;
  const onLine = ({ event }: LogLine): void => {
    if (event === 'control.connected') joins++;
  };
  startEdge(t, { id: 'e1', locators, dataDir, within: hosts.within, onLine });
  await readyEdges(one, 1);
  await eventually(() => joins >= 2, 'it has tried both ways');

  const pin = await serve(one);
  hosts.set({ 'doors.test': ['127.0.0.2', '127.0.0.9'] });
  await one.end();
  const two = await listen('127.0.0.9', one.controlPort);
  await readyEdges(two, 1);
  assert.equal(await serve(two), pin, 'the same incarnation serves on');
  hosts.set({ 'doors.test': ['127.0.0.7', '127.0.0.9'] });
  const three = await listen('127.0.0.7', one.controlPort);
  await readyEdges(three, 1);
  await readyEdges(two, 1);
  assert.equal(await serve(three), pin);
  await eventually(() => joins >= 4, 'it has joined both');
  assert.equal(joins, 4, 'once by each way, and it did not go to and fro');
});

async function serve(door: FrontDoor): Promise<string> {
  const { body } = await request(`http://${door.host}/ct-health/`, { headers: { ctstickiness: 'a-key' } });
  const { edge, incarnation } = (await body.json()) as { edge: string; incarnation: number };
  return `${edge}:${incarnation}`;
}

test('a login may begin at one front door, be confirmed at another, and be fetched, once, at any', async (t) => {
  const dataDir = makeDataDir(t);
  const doors = [await startFrontDoor(t, { dataDir }), await startFrontDoor(t, { dataDir })] as const;
  const post = async (at: 0 | 1, path: string, fields: object = {}): Promise<Asked> =>
    await ask(doors[at], `/api/login/${path}`, { method: 'POST', body: JSON.stringify(fields) });
  const begin = async (at: 0 | 1): Promise<string> =>
    (JSON.parse((await post(at, 'initial')).text) as { pollToken: string }).pollToken;
  const ways = [
    [0, 1, 0],
    [0, 1, 1],
    [0, 0, 1],
    [0, 0, 0],
  ] as const;
  for (const isAskedFirst of [true, false])
    for (const [first, second, third] of ways) {
      const token = await begin(first);
      const asked = isAskedFirst ? post(third, `poll/${token}`) : undefined;
      assert.equal((await post(second, 'simple', { token, user: 'Ada' })).status, 200);
      const got = await (asked ?? post(third, `poll/${token}`));
      const way = [first, second, third, isAskedFirst].join();
      assert.equal(got.status, 200, way);
      assert.match(got.text, /"loginToken":"[^"]{20}/, way);
      assert.equal((await post(third, `poll/${token}`)).status, 400, `${way}: once`);
      assert.equal((await post(third, 'simple', { token, user: 'Eve' })).status, 403, `${way}: and no other`);
    }
  const file = new DirectoryFile(t, dataDir);
  await eventually(() => file.setting('logins') === '{}', 'no token stays in the directory');
  const forged = (await begin(0)).replace(/^./, (letter) => (letter === 'a' ? 'b' : 'a'));
  assert.equal((await post(1, 'simple', { token: forged, user: 'Eve' })).status, 403);
  assert.equal((await post(1, `poll/${forged}`)).status, 400);
});
