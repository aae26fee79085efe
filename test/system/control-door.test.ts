/** The doors that are not for clients: the control port, where edges join, and the admin port. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import {
  controlProtocolVersion,
  controlCloseCodes,
  controlMessageMaxBytes,
} from '#shared/control-protocol.ts';
import { eventually } from '../support/oct-inbox.ts';
import { openPool } from '../support/pool.ts';

const { pool, close } = openPool({ env: { CT_EDGES: '1' } });
before(async () => await pool.waitUntilReady());
after(close);

function knock(t: TestContext, token: string, path = '/control'): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${pool.ports['control']}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  t.after(() => socket.terminate());
  return socket;
}

async function statusOfRefusal(socket: WebSocket): Promise<number> {
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode: number }];
  return response.statusCode;
}

/** Opens the door with the right token, sends one message, and waits for the close code. */
async function closeCodeAfter(t: TestContext, message: string | Buffer): Promise<number> {
  const socket = knock(t, pool.secret('join'));
  await once(socket, 'open');
  socket.send(message);
  const [code] = (await once(socket, 'close')) as [number];
  return code;
}

const hello = {
  type: 'hello',
  protocol: controlProtocolVersion,
  edgeId: 'stranger',
  bootId: 'a boot of a stranger',
  address: 'http://127.0.0.1:9',
  adminAddress: '',
  version: '0',
  weight: 100,
  sessionsMax: 10,
  region: 'default',
  clusterHash: 'of other settings',
};

test('nobody joins without the join token', async (t) => {
  for (const token of ['', 'wrong', `${pool.secret('join')}x`, pool.secret('admin')]) {
    assert.equal(await statusOfRefusal(knock(t, token)), 401);
  }
  assert.equal(await statusOfRefusal(knock(t, pool.secret('join'), '/other')), 401);
  const plain = await fetch(`http://127.0.0.1:${pool.ports['control']}/control`);
  assert.equal(plain.status, 426);
});

const refusals: readonly (readonly [string, string | Buffer, number])[] = [
  ['no JSON', 'hello?', controlCloseCodes.protocol],
  ['a binary frame', Buffer.from(JSON.stringify(hello)), controlCloseCodes.protocol],
  ['an unknown type', JSON.stringify({ type: 'takeover' }), controlCloseCodes.protocol],
  [
    'a hello that lacks fields',
    JSON.stringify({ type: 'hello', protocol: controlProtocolVersion }),
    controlCloseCodes.protocol,
  ],
  ['another protocol version', JSON.stringify({ ...hello, protocol: 99 }), controlCloseCodes.protocol],
  ['an edge id with a slash', JSON.stringify({ ...hello, edgeId: '../edge' }), controlCloseCodes.protocol],
  ['an address that is no URL', JSON.stringify({ ...hello, address: 'edge:1' }), controlCloseCodes.protocol],
  ['other cluster settings', JSON.stringify(hello), controlCloseCodes.settings],
  ['a message beyond the bound', 'x'.repeat(controlMessageMaxBytes + 1), 1009],
];
for (const [what, message, code] of refusals) {
  test(`an edge that sends ${what} is shown out with ${code}`, async (t) => {
    assert.equal(await closeCodeAfter(t, message), code);
  });
}

test('a report before a hello is refused, and a guest who says nothing is shown out', async (t) => {
  const silent = knock(t, pool.secret('join'));
  await once(silent, 'open');
  const [code] = (await once(silent, 'close')) as [number];
  assert.equal(code, controlCloseCodes.protocol);
  assert.equal(
    await closeCodeAfter(t, JSON.stringify({ type: 'report', sequence: 1 })),
    controlCloseCodes.protocol,
  );
});

test('the pool does not mind: its edge is ready, and strangers are in the log', async () => {
  assert.deepEqual(
    (await pool.edges()).map(({ id, state }) => `${id} ${state}`),
    ['edge-1 ready'],
  );
  await eventually(
    () => pool.lines.filter((line) => line.event === 'edge.refused').length >= refusals.length,
    'the refusals are logged',
  );
});

test('the admin port tells strangers whether it lives and is ready, and nothing else', async () => {
  const ask = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`http://127.0.0.1:${pool.ports['admin']}${path}`, init)).status;
  const bearer = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });
  for (const open of ['/livez', '/readyz', '/metrics']) assert.equal(await ask(open), 200, open);
  for (const path of ['/admin/status', '/admin/edges', '/admin/pins', '/admin/where?key=a']) {
    assert.equal(await ask(path), 401, path);
    assert.equal(await ask(path, bearer('wrong')), 401, path);
    assert.equal(await ask(path, bearer(pool.secret('join'))), 401, path);
  }
  assert.equal(await ask('/admin/where?key=a/b', bearer(pool.secret('admin'))), 400);
  assert.equal(await ask('/admin/pins?limit=0', bearer(pool.secret('admin'))), 400);
  assert.equal(await ask('/nothing'), 404);
  assert.equal(await ask('/livez', { method: 'POST' }), 405);
});
