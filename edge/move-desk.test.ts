/** What a front door hands over is gone on with once, whatever comes late. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import { request } from 'undici';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { backEpochHeader, moveTargets } from '#shared/internal-headers.ts';
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

/** A front door that has waited too long has the session back at its old edge, which is still letting it go. */
for (const step of ['bringToRest', 'handOver'] as const) {
  test(`a key that is given back while its session is let go (${step}) is served, and its session stays`, async (t) => {
    const key = 'k' as AffinityKey;
    const back = 3 as Epoch;
    const registry = new KeyRegistry(60_000);
    const done: string[] = [];
    const adapterOf = (name: string): Adapter => {
      const take = async (now: string): Promise<undefined> => {
        done.push(`${name} ${now}`);
        await Promise.resolve();
        if (now === step) registry.note(key, back, 0);
      };
      const steps = { bringToRest: () => take('bringToRest'), handOver: () => take('handOver') };
      return { name, ...steps, prepareAdoption: () => () => undefined } as unknown as Adapter;
    };
    const adapters = [adapterOf('one'), adapterOf('two')];
    const desk = new MoveDesk({ adapters, registry, log: silentLog(), nowMs: () => 0 });
    const exchange = { key, epoch: 1 as Epoch, exchangeId: 'x', target: moveTargets.release };
    registry.note(key, exchange.epoch, 0);
    const server = createServer((request, response) => void desk.handle(exchange, request, response));
    server.listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { [backEpochHeader]: String(back) };
    // `fetch` asks a second time after a 421.
    const answer = await request(`http://127.0.0.1:${port}/`, { method: 'POST', headers });
    assert.equal(((await answer.body.json()) as { code: string }).code, 'stale-epoch');
    assert.equal(registry.epochOf(key), back, 'whoever comes is served');
    assert.deepEqual(desk.sweep(1), [], 'nothing waits for a word of who has it');
    const resting = ['one bringToRest', 'two bringToRest'];
    assert.deepEqual(done, step === 'bringToRest' ? resting : [...resting, 'one handOver']);
  });
}
