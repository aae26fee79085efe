/** What a front door hands over is gone on with once, whatever comes late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { moveTargets } from '#shared/internal-headers.ts';
import { silentLog } from '#shared/log.ts';
import type { Adapter } from './adapter.ts';
import { KeyRegistry } from './core/key-registry.ts';
import { MoveDesk } from './move-desk.ts';
import { packParts } from './move-body.ts';

test('a snapshot that comes again, after its session has gone on, is not gone on with a second time', async (t) => {
  let adopted = 0;
  const adapter = { name: 'oct', prepareAdoption: () => () => void adopted++ } as unknown as Adapter;
  const registry = new KeyRegistry(60_000);
  const desk = new MoveDesk({ adapters: [adapter], registry, log: silentLog(), nowMs: () => 0 });
  const exchange = {
    key: 'k' as AffinityKey,
    epoch: 7 as Epoch,
    exchangeId: 'x',
    target: moveTargets.prepare,
  };
  const server = createServer((request, response) => void desk.handle(exchange, request, response));
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const prepare = async (): Promise<number> => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const body = packParts([{ adapter: 'oct', bytes: Buffer.from('a session') }]);
    return (await fetch(url, { method: 'POST', body: new Uint8Array(body) })).status;
  };
  const goOn = (): void => desk.settle({ ...exchange, target: '/ct-health/' });
  assert.equal(await prepare(), 204);
  goOn();
  assert.equal(adopted, 1);
  assert.equal(await prepare(), 204, 'whoever asks again is told that all is well');
  goOn();
  assert.equal(adopted, 1, 'what the session has become since is not thrown away');
  assert.equal(desk.keptBytes, 0);
});
