/** Lists of networks: what is in them, and that one of a setting follows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NetworkList, SettingNetworks } from './network-list.ts';

test('addresses and networks of both families are in a list, others and what is no address are not', () => {
  const list = new NetworkList(['10.1.0.0/16', '192.0.2.7', '2001:db8::/32']);
  for (const address of ['10.1.255.1', '192.0.2.7', '2001:db8::1'])
    assert.ok(list.includes(address), address);
  for (const address of ['10.2.0.1', '192.0.2.8', '2001:db9::1', 'unknown', ''])
    assert.ok(!list.includes(address), address);
});

test('a prefix that is none is refused', () => {
  assert.throws(() => new NetworkList(['10.0.0.0/99']));
});

test('the list of a setting is what the setting says at the moment', () => {
  let items: readonly string[] = [];
  const networks = new SettingNetworks(() => items);
  assert.ok(!networks.includes('10.0.0.1'));
  items = ['10.0.0.0/8'];
  assert.ok(networks.includes('10.0.0.1'));
  items = ['192.0.2.0/24'];
  assert.ok(!networks.includes('10.0.0.1'));
  assert.ok(networks.includes('192.0.2.1'));
});
