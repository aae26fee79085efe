/** The part of the conformance suite about settings of the fleet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openConnections } from './conformance-store.ts';
import type { OpenStore } from './conformance-store.ts';

export function testFleetSettings(openStore: OpenStore): void {
  void test('a setting of the fleet is read as it was written, through any connection, and each change has a higher version', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    assert.equal(await one!.readFleetSetting('regions'), undefined);
    assert.equal(await one!.writeFleetSetting('regions', 'straße {"a":1}', 0), true);
    assert.deepEqual(await other!.readFleetSetting('regions'), { version: 1, value: 'straße {"a":1}' });
    assert.equal(await other!.writeFleetSetting('regions', 'x'.repeat(60_000), 1), true);
    assert.deepEqual(await one!.readFleetSetting('regions'), { version: 2, value: 'x'.repeat(60_000) });
    assert.equal(await one!.readFleetSetting('other'), undefined);
  });

  void test('whoever has not seen the newest value of a setting changes nothing', async (t) => {
    const [one, other] = await openConnections(t, openStore, 2);
    const first = await Promise.all([
      one!.writeFleetSetting('regions', 'one', 0),
      other!.writeFleetSetting('regions', 'other', 0),
    ]);
    assert.equal(first.filter(Boolean).length, 1);
    assert.equal(await one!.writeFleetSetting('regions', 'late', 0), false);
    assert.equal(await one!.writeFleetSetting('regions', 'early', 2), false);
    const { value } = (await one!.readFleetSetting('regions'))!;
    assert.equal(value, first[0] ? 'one' : 'other');
  });
}
