/** Front doors under a supervisor without edges of its own, and a front door alone on the socket that systemd holds, on sockets of Node. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { askAtSocket } from '../support/admin-api.ts';
import { startFrontDoor } from '../support/front-door.ts';
import { testHeldSocket } from '../support/held-socket.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const workers = 2;

test('in front of static backends the supervisor runs front doors alone, and starts again what dies', async (t) => {
  const backend = await startStaticBackend(t, 'a');
  // Whoever comes before the first answer to a check would be sent away.
  backend.handlers.set('/slow-check', (_, response) => setTimeout(() => response.end(), 500));
  const checks = { CT_BACKEND_CHECK_PATH: '/slow-check', CT_BACKEND_CHECK_INTERVAL_MS: '2000' };
  const settings = { CT_PROXY_WORKERS: String(workers), ...checks };
  const door = await startFrontDoor(t, { backends: [backend], settings });
  const answers = async (): Promise<boolean> => {
    const headers = { ctstickiness: 'k1', connection: 'close' };
    const some = Array.from({ length: 10 }, async () => await fetch(`http://${door.host}/`, { headers }));
    return (await Promise.allSettled(some)).every(
      (answer) => answer.status === 'fulfilled' && answer.value.status === 200,
    );
  };
  assert.ok(await answers());
  const second = askAtSocket(join(door.dataDir, 'admin-2.sock'));
  const { pid } = (await second({ path: '/admin/status' })).body;
  process.kill(Number(pid), 'SIGKILL');
  await door.log.next(
    ({ event, child }) => event === 'child.exited' && child === 'front door 2',
    'it is gone',
  );
  const isBack = async (): Promise<boolean> => {
    const now = await second({ path: '/admin/status' }).catch(() => undefined);
    return now !== undefined && now.body['pid'] !== pid && now.body['ready'] === 1;
  };
  await eventually(isBack, 'another one serves in its place');
  assert.ok(await answers());
});

testHeldSocket('off');
