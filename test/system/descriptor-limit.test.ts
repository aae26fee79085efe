/**
 * A front door near its limit of descriptors: it accepts no more, keeps enough to serve those inside, and goes on when there are some
 * again; with either kind of sockets.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { openFrom } from '../support/client-address.ts';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const descriptors = 300;
const crowd = 400;

async function start(t: TestContext, sockets: string): Promise<FrontDoor> {
  const backend = await startStaticBackend(t, 'a');
  const settings = { CT_NATIVE_SOCKETS: sockets, CT_HEAD_TIMEOUT_MS: '60000' };
  const door = await startFrontDoor(t, { backends: [backend], settings });
  execFileSync('prlimit', ['--pid', String(door.pid), `--nofile=${descriptors}:${descriptors}`]);
  await until(async () => (await door.metric('ct_proxy_descriptors_max')) === descriptors, 'it is known');
  return door;
}

function openDescriptors(door: FrontDoor): number {
  return readdirSync(`/proc/${door.pid}/fd`).length;
}

/** Clients that connect and say nothing. */
function openCrowd(t: TestContext, door: FrontDoor): Socket[] {
  const sockets = Array.from({ length: crowd }, () =>
    connect({ host: '127.0.0.1', port: door.port, localAddress: '127.0.0.2' }).on('error', () => undefined),
  );
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  return sockets;
}

for (const sockets of ['required', 'off']) {
  test(`with CT_NATIVE_SOCKETS=${sockets} a crowd costs those inside nothing, and newcomers no more than the crowd lasts`, async (t) => {
    const door = await start(t, sockets);
    const inside = await openFrom(t, door.port, '127.0.0.3');
    const socket = new WebSocket(`ws://127.0.0.1:${door.port}/`, { headers: { ctstickiness: 'k' } });
    t.after(() => socket.terminate());
    await once(socket, 'message');
    const all = openCrowd(t, door);
    await until(async () => (await door.metric('ct_proxy_accept_holds_total')) >= 1, 'accepting is held');
    assert.ok(openDescriptors(door) < descriptors - 30, 'those who are told so take no more than are kept');
    for (let turn = 0; turn < 3; turn++) {
      inside.send(`GET /${turn} HTTP/1.1\r\nHost: door.test\r\nctstickiness: other-${turn}\r\n\r\n`);
      const { status, body } = await inside.answer();
      assert.equal(status, 200, body);
      const echo = once(socket, 'message');
      socket.send('still here');
      await echo;
    }
    // As the kernel counts them: what the front door tells of is counted in between.
    assert.ok(openDescriptors(door) < descriptors - 30, 'some are left');
    assert.equal(await door.metric('ct_proxy_accept_failures_total'), 0);
    const held = await door.log.next(({ event }) => event === 'accepting.held', 'the log tells');
    assert.equal(held['limit'], descriptors);
    const newcomer =
      sockets === 'required' ? ask(door, '/new', { headers: { ctstickiness: 'k' } }) : undefined;
    for (const one of all) one.destroy();
    if (newcomer !== undefined) assert.equal((await newcomer).status, 200, 'it waited outside');
    await until(async () => (await door.metric('ct_proxy_accepting_held')) === 0, 'accepting goes on');
    assert.equal((await ask(door, '/after', { headers: { ctstickiness: 'k' } })).status, 200);
    await until(
      async () => (await door.metric('ct_proxy_connections_open')) < 5,
      'the crowd has left nothing',
    );
  });
}
