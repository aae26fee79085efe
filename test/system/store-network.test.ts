/**
 * The network between one front door and the database server fails in every manner and direction: it places nothing by
 * itself meanwhile, follows the other one, and is whole again as soon as the network is.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timing } from '#shared/timing.ts';
import { NetNamespace, canMakeNamespaces } from '../chaos/net-namespace.ts';
import type { Cut } from '../chaos/net-namespace.ts';
import { eventually } from '../support/oct-inbox.ts';
import { inRounds } from '../support/rounds.ts';
import { startSqlServer } from '../support/sql/sql-server.ts';
import { databaseSetting, openMember, startStoreFleet } from '../support/store-fleet.ts';

/** Longer than a call to the store may last, than a lease, and than what follows from its end. */
const cutMs = 2 * timing.leaseMs;
const cuts: readonly Cut[] = [
  { manner: 'DROP', direction: 'in' },
  { manner: 'DROP', direction: 'out' },
  { manner: 'DROP', direction: 'both' },
  { manner: 'REJECT', direction: 'both' },
  { manner: 'RESET', direction: 'out' },
];

test('a front door that is cut off from the database, however that is, places nothing against the others', async (t) => {
  if (!canMakeNamespaces()) return t.diagnostic('not tried: it needs root, ip and iptables');
  const space = await NetNamespace.open();
  t.after(async () => await space.close());
  const server = await startSqlServer(t, 'postgresql', {
    prefix: space.prefix,
    settings: { listen_addresses: '*' },
  });
  const address = await server.createDatabase();
  const { doors, look, ask, askPatiently } = await startStoreFleet(t, {
    settings: [
      databaseSetting({ ...address, host: space.innerAddress }),
      databaseSetting({ ...address, host: space.secondAddress }),
    ],
  });
  const [cutOff, whole] = doors;
  const owners = new Map<string, string>();
  for (let i = 0; i < 12; i++) owners.set(`pinned-${i}`, await ask(cutOff, `pinned-${i}`));
  const ends: number[] = [];
  for (const key of [...owners.keys()].slice(0, 4)) {
    const member = await openMember(t, cutOff, key);
    member.on('close', (code) => ends.push(code));
  }
  for (const cut of cuts) {
    const name = `${cut.manner}-${cut.direction}`;
    const placed = new Map<string, string>();
    let refused = 0;
    await space.cut({ ...cut, address: space.innerAddress });
    await inRounds(cutMs, async () => {
      for (const [key, owner] of owners)
        for (const door of doors) assert.equal(await askPatiently(door, key), owner, `${key}, ${name}`);
      const key = `new-${name}-${placed.size}`;
      const { status, owner } = await look(cutOff, key);
      assert.ok(status === 200 || status === 503, `${name}: ${status}`);
      if (status === 503) refused++;
      const told = await askPatiently(whole, key);
      if (status === 200) assert.equal(owner, told, name);
      assert.equal(await askPatiently(cutOff, key), told, name);
      placed.set(key, told);
    });
    await space.heal();
    assert.ok(refused > 0, `${name} was felt`);
    for (const door of doors) {
      const isSettled = async (): Promise<boolean> => (await door.metric('ct_proxy_provisional_pins')) === 0;
      await eventually(isSettled, `all is in the store after ${name}`);
      assert.equal(await door.metric('ct_proxy_split_detected_total'), 0);
    }
    const mayPlace = async (): Promise<boolean> => (await look(cutOff, `back-${name}`)).status === 200;
    await eventually(mayPlace, `it places again after ${name}`);
    for (const [key, owner] of placed) for (const door of doors) assert.equal(await ask(door, key), owner);
    t.diagnostic(`${name}: ${placed.size} keys, ${refused} refused at first by the one that was cut off`);
  }
  assert.deepEqual(ends, []);
});
