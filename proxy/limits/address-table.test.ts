/** The table of addresses: exact for whoever has something open, bounded for all others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { AddressTable } from './address-table.ts';

const rate = { costMs: 100, burst: 2 };

test('an address has at most its limit open, and room again when something has left', () => {
  const table = new AddressTable(() => 0);
  const first = table.open('203.0.113.5', 2);
  assert.ok(first !== undefined && table.open('203.0.113.5', 2) !== undefined);
  assert.equal(table.open('203.0.113.5', 2), undefined);
  assert.ok(table.open('203.0.113.6', 2) !== undefined, 'its neighbour is another one');
  first.leave();
  first.leave();
  assert.equal(table.openOf('203.0.113.5'), 1, 'whoever leaves twice leaves once');
});

test('the addresses of one /64 share their limits', () => {
  const table = new AddressTable(() => 0);
  assert.ok(table.open('2001:db8::1', 1) !== undefined);
  assert.equal(table.open('2001:db8::2', 1), undefined);
  assert.ok(table.open('2001:db8:0:1::2', 1) !== undefined);
});

test('each bucket has a rate of its own, and is full again in time', () => {
  let now = 1_000;
  const table = new AddressTable(() => now);
  const take = (): boolean[] => [1, 2, 3].map(() => table.take('203.0.113.5', 'connections', rate));
  assert.deepEqual(take(), [true, true, false]);
  assert.ok(table.take('203.0.113.5', 'keys', rate));
  now += 200;
  assert.deepEqual(take(), [true, true, false]);
});

test('a sweep forgets who has nothing open and full buckets, and nobody else', () => {
  let now = 1_000;
  const table = new AddressTable(() => now);
  const kept = table.open('203.0.113.1', 1);
  table.take('203.0.113.2', 'connections', rate);
  table.open('203.0.113.3', 1)?.leave();
  table.sweep();
  assert.equal(table.size, 2);
  now += 100;
  table.sweep();
  assert.equal(table.size, 1);
  kept?.leave();
  table.sweep();
  assert.equal(table.size, 0);
});

test('a flood of addresses grows the table no further than its bound, and nobody who has something open is forgotten', () => {
  const max = 50;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(400), fc.boolean()), { maxLength: 600 }), (steps) => {
      let now = 1_000;
      const table = new AddressTable(() => now, max);
      const open = new Map<string, number>();
      for (const [host, stays] of steps) {
        now += 1;
        const address = `10.0.${host >> 8}.${host & 255}`;
        table.take(address, 'connections', rate);
        if (!stays || open.size >= max / 2) continue;
        if (table.open(address, 10) !== undefined) open.set(address, (open.get(address) ?? 0) + 1);
      }
      for (const [address, count] of open) assert.equal(table.openOf(address), count, address);
      assert.ok(table.size <= max, `${table.size} entries`);
    }),
  );
});
