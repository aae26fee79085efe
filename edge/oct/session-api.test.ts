/** Creating and joining over HTTP: who is asked, who waits, who is told what, and what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { signLogin, testWorkspace } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { enterHost } from '../../test/support/oct-session.ts';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

type Post = (
  path: string,
  options?: { signal?: AbortSignal; headers?: Record<string, string> },
) => Promise<Answer>;

/** Posts as a person who has logged in. */
async function logInTo(edge: OctEdge, name: string): Promise<Post> {
  const token = await signLogin(edge.tokens, name);
  return async (path, { signal, headers } = {}) =>
    await post(edge, path, {
      headers: { 'x-oct-jwt': token, ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
}

async function post(edge: OctEdge, path: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(edge.url + path, { method: 'POST', ...init });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

function deferredApproval(): { approves: () => Promise<boolean>; decide: (approved: boolean) => void } {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  return { approves: async () => await promise, decide: resolve };
}

async function createByHand(t: TestContext): Promise<{ edge: OctEdge; bob: Post; key: string }> {
  const edge = await startOctEdge(t);
  const { body } = await (await logInTo(edge, 'ann'))('/api/session/create');
  return { edge, bob: await logInTo(edge, 'bob'), key: String(body['roomId']) };
}

/** A poll that the edge holds, for certain: of two, the one that came later, which ended the other's wait. */
async function holdPoll(post: () => Promise<Answer>): Promise<{ held: Promise<Answer>; passed: Answer }> {
  const [one, other] = [post(), post()];
  return await Promise.race([
    one.then((passed) => ({ held: other, passed })),
    other.then((passed) => ({ held: one, passed })),
  ]);
}

test('a guest is told to wait, then where it is let in, as often as it asks', async (t) => {
  const edge = await startOctEdge(t);
  const { approves, decide } = deferredApproval();
  const ann = await enterHost(t, edge, { approves });
  const bob = await logInTo(edge, 'bob');
  const { status, body } = await bob(`/api/session/join/${ann.key}`);
  assert.deepEqual([status, body['roomId']], [200, ann.key]);
  const poll = `/api/session/poll/${String(body['pollToken'])}`;
  const waiting = await bob(poll);
  assert.deepEqual(
    [waiting.status, waiting.body['code'], waiting.body['failure']],
    [200, 'WaitingForHost', false],
  );
  const held = bob(poll);
  decide(true);
  const verdict = await held;
  assert.deepEqual([verdict.status, verdict.body['roomId']], [200, ann.key]);
  assert.deepEqual(verdict.body['workspace'], testWorkspace);
  assert.deepEqual(verdict.body['host'], ann.self);
  assert.deepEqual(await bob(poll), verdict);
  const claim = await edge.tokens.verifySession(String(verdict.body['roomToken']));
  assert.deepEqual([claim.room, claim.host, claim.user.name], [ann.key, false, 'bob']);
});

test('a second poll takes the place of the first, and a poll that nobody waits for does no harm', async (t) => {
  const edge = await startOctEdge(t);
  const { approves, decide } = deferredApproval();
  const ann = await enterHost(t, edge, { approves });
  const bob = await logInTo(edge, 'bob');
  const { body } = await bob(`/api/session/join/${ann.key}`);
  const poll = `/api/session/poll/${String(body['pollToken'])}`;
  await bob(poll);
  const abort = new AbortController();
  const { held, passed } = await holdPoll(async () => await bob(poll, { signal: abort.signal }));
  assert.equal(passed.body['code'], 'WaitingForHost');
  abort.abort();
  await assert.rejects(held, { name: 'AbortError' });
  const third = bob(poll);
  decide(false);
  assert.deepEqual((await third).body['code'], 'JoinRejected');
});

test('a request to join waits for a host who is not there yet, but no longer than the session does', async (t) => {
  const { edge, bob, key } = await createByHand(t);
  const { status, body } = await bob(`/api/session/join/${key}`);
  assert.equal(status, 200);
  const poll = `/api/session/poll/${String(body['pollToken'])}`;
  assert.equal((await bob(poll)).body['code'], 'WaitingForHost');
  const { held } = await holdPoll(async () => await bob(poll));
  edge.advance(30_000);
  assert.equal((await held).body['code'], 'RoomNotFound');
  assert.deepEqual(await bob(poll), {
    status: 404,
    body: {
      code: 'JoinRequestNotFound',
      params: [],
      message: 'Join request not found or requested timed out',
    },
  });
});

test('a host who does not answer for five minutes has let nobody in', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge, {
    approves: async () => await Promise.withResolvers<boolean>().promise,
  });
  const bob = await logInTo(edge, 'bob');
  const { body } = await bob(`/api/session/join/${ann.key}`);
  const poll = `/api/session/poll/${String(body['pollToken'])}`;
  await bob(poll);
  const { held } = await holdPoll(async () => await bob(poll));
  edge.advance(300_000);
  const { status, body: verdict } = await held;
  assert.deepEqual([status, verdict['code'], verdict['failure']], [200, 'JoinTimeout', true]);
});

test('a poll for a request that nobody made is not found', async (t) => {
  const { bob, key } = await createByHand(t);
  for (const token of [`${key}.unknown`, 'elsewhere.unknown', `${key}x.unknown`]) {
    const { status, body } = await bob(`/api/session/poll/${token}`);
    assert.deepEqual([status, body['code']], [404, 'JoinRequestNotFound']);
  }
});

test('a session that does not run cannot be joined', async (t) => {
  const edge = await startOctEdge(t);
  const { status, body } = await (await logInTo(edge, 'bob'))('/api/session/join/nowhere');
  assert.deepEqual([status, body], [404, { code: 'RoomNotFound', params: [], message: 'Room not found' }]);
});

test('a key that has a session gets no second one', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await logInTo(edge, 'ann');
  const proposal = { headers: { ctstickiness: 'our-key' } };
  const { status, body } = await ann('/api/session/create', proposal);
  assert.deepEqual([status, body['roomId']], [200, 'our-key']);
  const again = await ann('/api/session/create', proposal);
  assert.deepEqual([again.status, again.body['code']], [409, 'session-exists']);
});

test('one person may wait four times, and a session has sixty-four waiting at most', async (t) => {
  const { edge, bob, key } = await createByHand(t);
  const join = `/api/session/join/${key}`;
  for (let i = 0; i < 4; i++) assert.equal((await bob(join)).status, 200);
  const fifth = await bob(join);
  assert.deepEqual([fifth.status, fifth.body['code']], [429, 'too-many-waiting']);
  for (let i = 4; i < 64; i++) assert.equal((await (await logInTo(edge, `guest-${i}`))(join)).status, 200);
  assert.equal((await (await logInTo(edge, 'late'))(join)).status, 429);
});

test('a full session takes no requests', async (t) => {
  const edge = await startOctEdge(t, { CT_MEMBERS_MAX: 1 });
  const ann = await enterHost(t, edge);
  const { status, body } = await (await logInTo(edge, 'bob'))(`/api/session/join/${ann.key}`);
  assert.deepEqual([status, body['code']], [503, 'session-full']);
});

test('without a login nothing is created, joined or polled', async (t) => {
  const { edge, key } = await createByHand(t);
  const hostToken = await edge.tokens.signSession({
    room: key as never,
    roomClock: 0,
    user: { id: 'a', name: 'a' },
    host: true,
  });
  for (const path of ['/api/session/create', `/api/session/join/${key}`, `/api/session/poll/${key}.x`]) {
    assert.equal((await post(edge, path, {})).status, 401);
    assert.equal((await post(edge, path, { headers: { 'x-oct-jwt': 'nonsense' } })).status, 401);
    // A session token is no login.
    assert.equal((await post(edge, path, { headers: { 'x-oct-jwt': hostToken } })).status, 401);
  }
});

test('the login may come as a cookie', async (t) => {
  const edge = await startOctEdge(t);
  const cookie = `theme=dark; oct-jwt=${await signLogin(edge.tokens, 'ann')}`;
  assert.equal((await post(edge, '/api/session/create', { headers: { cookie } })).status, 200);
});

test('browsers of other origins may ask', async (t) => {
  const edge = await startOctEdge(t);
  const headers = { origin: 'https://editor.example', 'access-control-request-method': 'POST' };
  const preflight = await fetch(`${edge.url}/api/session/join/key`, { method: 'OPTIONS', headers });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), 'https://editor.example');
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /x-oct-jwt/);
  const polling = await fetch(`${edge.url}/socket.io/?EIO=4&transport=polling`, {
    headers: { ...headers, ctstickiness: 'key' },
  });
  assert.equal(polling.headers.get('access-control-allow-origin'), 'https://editor.example');
});

test('what is not there, or not asked for in the right way, is refused', async (t) => {
  const { edge, bob, key } = await createByHand(t);
  assert.equal((await bob('/api/session/create/more')).status, 404);
  assert.equal((await bob('/api/session/join/', { headers: { ctstickiness: key } })).status, 404);
  assert.equal((await bob(`/api/session/leave/${key}`, { headers: { ctstickiness: key } })).status, 404);
  assert.equal((await bob(`/api/session/join/${key}`, { headers: { ctstickiness: 'other' } })).status, 400);
  const get = await fetch(`${edge.url}/api/session/join/${key}`);
  assert.equal(get.status, 405);
});
