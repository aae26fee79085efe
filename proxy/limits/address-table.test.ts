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

test('an address with a penalty is kept until its floods are forgotten, and its neighbours know nothing of it', () => {
  let now = 1_000;
  const table = new AddressTable(() => now);
  assert.equal(table.penalize('2001:db8::1', 60_000)?.rounds, 1);
  assert.ok(table.isPenalized('2001:db8::2'), 'who has one address of a /64 has all');
  assert.ok(!table.isPenalized('2001:db8:0:1::1'));
  const penalized = (): number => table.penalized;
  assert.equal(penalized(), 1);
  now += 1_000;
  assert.ok(!table.isPenalized('2001:db8::1'));
  assert.equal(penalized(), 0);
  table.sweep();
  assert.equal(table.penalize('2001:db8::1', 60_000)?.rounds, 2, 'a sweep takes no round from it');
  now += 4_000 + 300_000;
  table.sweep();
  assert.equal(table.size, 0);
});

test('who flooded is forgotten after those without fault where room is needed, and the table keeps its bound', () => {
  const table = new AddressTable(() => 1_000, 20);
  for (let i = 0; i < 10; i++) table.penalize(`10.0.0.${i}`, 60_000);
  for (let i = 0; i < 200; i++) table.take(`10.0.1.${i}`, 'connections', rate);
  assert.deepEqual([table.penalized, table.size], [10, 20]);
  for (let i = 0; i < 200; i++) table.penalize(`10.0.2.${i}`, 60_000);
  assert.equal(table.size, 20);
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
