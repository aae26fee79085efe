/** Open Collaboration clients of both releases hold sessions through the front door of a pool with three edges. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { OpenCollaborationYjsProvider } from 'open-collaboration-yjs';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import type { HostOptions, OctMember, OctRelease } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { hears } from '../support/oct-session.ts';
import { openPool, startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';

type Extras = Partial<HostOptions>;

async function host(t: TestContext, pool: Pool, extras: Extras = {}): Promise<OctMember> {
  const loginToken = await logIn(pool.url, 'ann', extras.release);
  const member = await hostSession({ url: pool.url, loginToken, ...extras });
  t.after(() => member.dispose());
  return member;
}

async function guest(
  t: TestContext,
  pool: Pool,
  key: string,
  extras: Extras & { name: string },
): Promise<OctMember> {
  const { name, ...rest } = extras;
  const loginToken = await logIn(pool.url, name, rest.release);
  const member = await joinSession({ url: pool.url, loginToken, ...rest }, key);
  t.after(() => member.dispose());
  await member.events.next((event) => event.kind === 'init', 'the host’s greeting');
  return member;
}

/** A document that follows a member's session, as editors keep it. */
function shareText(t: TestContext, member: OctMember): Y.Text {
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const provider = new OpenCollaborationYjsProvider(member.connection, doc, awareness, {
    resyncTimer: 10_000,
  });
  provider.connect();
  t.after(() => {
    provider.dispose();
    awareness.destroy();
    doc.destroy();
  });
  return doc.getText('src/a.ts');
}

/** Every exchange of the key that the front door logged, and how many edges carried them. */
async function edgesOfKey(pool: Pool, key: string, exchangesMin: number): Promise<Set<unknown>> {
  await eventually(() => pool.settledOf(key).length >= exchangesMin, 'the exchanges are logged');
  return new Set(pool.settledOf(key).map((line) => line['edge']));
}

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

const casts: readonly (readonly [string, OctRelease, Extras, Extras])[] = [
  ['WebSocket guests of both releases', '0.3.3', { release: '0.3.0' }, { release: '0.3.3' }],
  [
    'guests of both releases that only poll',
    '0.3.3',
    { release: '0.3.0', pollingOnly: true },
    { release: '0.3.3', pollingOnly: true },
  ],
  ['a host of the older release', '0.3.0', { release: '0.3.3' }, { release: '0.3.0', pollingOnly: true }],
];
for (const [what, hostRelease, first, second] of casts) {
  test(`a host and two guests work together on one edge: ${what}`, async (t) => {
    const ann = await host(t, pool, { release: hostRelease });
    const bob = await guest(t, pool, ann.key, { name: 'bob', ...first });
    const cid = await guest(t, pool, ann.key, { name: 'cid', ...second });

    ann.connection.fs.onReadFile((_origin, path) => ({
      content: new TextEncoder().encode(`text of ${path}`),
    }));
    for (const member of [bob, cid]) {
      const file = await member.connection.fs.readFile(ann.self.id, 'src/a.ts');
      assert.equal(new TextDecoder().decode(file.content), 'text of src/a.ts');
    }

    const texts = [ann, bob, cid].map((member) => shareText(t, member));
    texts.forEach((text, i) => text.insert(0, `line of member ${i}\n`));
    await eventually(
      () =>
        texts.every(
          (text) => text.length === 3 * 'line of member 0\n'.length && text.toJSON() === texts[0]!.toJSON(),
        ),
      'the texts converge',
    );

    if (hostRelease === '0.3.3' && second.release === '0.3.3') {
      await cid.connection.chat.sendMessage('hello');
      await hears(ann, cid, 'hello');
    }
    for (const member of [cid, bob]) await member.connection.room.leave();
    await ann.connection.room.leave();
    const edges = await edgesOfKey(pool, ann.key, 6);
    assert.equal(edges.size, 1, `one edge has the session, not ${[...edges].join(', ')}`);
  });
}

test('a guest whom the host refuses is told so', async (t) => {
  const ann = await host(t, pool, { approves: (user) => user.name !== 'eve' });
  const loginToken = await logIn(pool.url, 'eve');
  await assert.rejects(joinSession({ url: pool.url, loginToken }, ann.key), { code: 'JoinRejected' });
});

test('a session that nobody has cannot be joined', async () => {
  const loginToken = await logIn(pool.url, 'bob');
  await assert.rejects(joinSession({ url: pool.url, loginToken }, 'no-such-session'), {
    code: 'RoomNotFound',
  });
});

test('an editor may carry the key in the path of its server’s address', async (t) => {
  const ann = await host(t, pool, { url: `${pool.url}/~our-own-key` });
  assert.equal(ann.key, 'our-own-key');
  const bob = await guest(t, pool, ann.key, { name: 'bob', url: `${pool.url}/~our-own-key` });
  await bob.connection.chat.sendMessage('hello');
  await hears(ann, bob, 'hello');
});

test('sessions spread over all edges', async (t) => {
  const members = [];
  for (let i = 0; i < 12; i++) members.push(await host(t, pool));
  const edges = new Set<string>();
  for (const { key } of members) edges.add(await pool.edgeOf(key));
  assert.deepEqual([...edges].sort(), ['edge-1', 'edge-2', 'edge-3']);
});

test('who is not logged in creates and joins nothing', async () => {
  const refused = await fetch(`${pool.url}/api/session/create`, { method: 'POST' });
  assert.equal(refused.status, 401);
  const forged = await fetch(`${pool.url}/api/session/create`, {
    method: 'POST',
    headers: { 'x-oct-jwt': 'eyJhbGciOiJub25lIn0.eyJpZCI6IngiLCJuYW1lIjoieCJ9.' },
  });
  assert.equal(forged.status, 401);
  assert.equal(((await forged.json()) as { code: string }).code, 'token-invalid');
});

test('an API key logs in where it is switched on', async (t) => {
  const keyed = await startPool(t, { env: { CT_LOGIN: 'simple,apikey', CT_EDGES: '1' } });
  const { pollToken } = (await (
    await fetch(`${keyed.url}/api/login/initial`, { method: 'POST' })
  ).json()) as { pollToken: string };
  const post = async (apiKey: string): Promise<number> => {
    const body = JSON.stringify({ token: pollToken, apiKey });
    return (await fetch(`${keyed.url}/api/login/apikey`, { method: 'POST', body })).status;
  };
  assert.equal(await post('a wrong key of some length'), 403);
  assert.equal(await post(keyed.secret('api-key')), 200);
  const poll = await fetch(`${keyed.url}/api/login/poll/${pollToken}`, { method: 'POST' });
  const { loginToken } = (await poll.json()) as { loginToken: string };
  const member = await hostSession({ url: keyed.url, loginToken });
  member.dispose();
});
