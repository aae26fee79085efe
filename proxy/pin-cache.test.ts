/** The pin cache: bounded, least recently used out first, and never going back to an older epoch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import type { Epoch, Incarnation } from '#shared/ids.ts';
import type { Pin } from './directory/directory.ts';
import { PinCache } from './pin-cache.ts';

function pin(key: string, epoch: number): Pin {
  return {
    key: parseAffinityKey(key)!,
    owner: { id: parseEdgeId('e1')!, incarnation: 1 as Incarnation },
    epoch: epoch as Epoch,
    state: 'live',
    address: 'http://127.0.0.1:1',
    ownerIsOver: false,
  };
}

test('a pin is found as it was put, until it is dropped', () => {
  const cache = new PinCache(2);
  const first = pin('k1', 1);
  assert.equal(cache.get(first.key), undefined);
  cache.put(first);
  assert.equal(cache.get(first.key), first);
  cache.drop(first.key);
  assert.equal(cache.get(first.key), undefined);
});

test('a newer epoch replaces an older one, and never the other way round', () => {
  const cache = new PinCache(2);
  const newer = pin('k1', 2);
  cache.put(pin('k1', 1));
  cache.put(newer);
  cache.put(pin('k1', 1));
  assert.equal(cache.get(newer.key), newer);
});

test('a pin of the same epoch is taken in: its owner’s address or state may have changed', () => {
  const cache = new PinCache(2);
  const fresh = { ...pin('k1', 1), ownerIsOver: true };
  cache.put(pin('k1', 1));
  cache.put(fresh);
  assert.equal(cache.get(fresh.key), fresh);
});

test('the pin that was asked for longest ago makes room', () => {
  const cache = new PinCache(2);
  cache.put(pin('k1', 1));
  cache.put(pin('k2', 2));
  cache.get(parseAffinityKey('k1')!);
  cache.put(pin('k3', 3));
  assert.deepEqual(
    ['k1', 'k2', 'k3'].map((key) => cache.get(parseAffinityKey(key)!)?.epoch),
    [1, undefined, 3],
  );
});

test('whatever happens, it holds at most what it may, and the last put is there unless it is older', () => {
  const entry = fc.tuple(fc.nat(9), fc.nat(50));
  fc.assert(
    fc.property(fc.array(entry, { minLength: 1 }), fc.integer({ min: 1, max: 5 }), (entries, max) => {
      const cache = new PinCache(max);
      for (const [key, epoch] of entries) {
        const before = cache.get(parseAffinityKey(`k${key}`)!);
        cache.put(pin(`k${key}`, epoch));
        assert.equal(cache.get(parseAffinityKey(`k${key}`)!)?.epoch, Math.max(before?.epoch ?? 0, epoch));
      }
      const held = Array.from({ length: 10 }, (_, key) => cache.get(parseAffinityKey(`k${key}`)!));
      assert.ok(held.filter((found) => found !== undefined).length <= max);
    }),
  );
});

test('a pin that was used among the last three quarters of what the cache holds never makes room', () => {
  const pinsMax = 40;
  fc.assert(
    fc.property(fc.array(fc.nat(60), { minLength: 100, maxLength: 300 }), (keys) => {
      const cache = new PinCache(pinsMax);
      const uses: string[] = [];
      for (const key of keys.map((number) => `k${number}`)) {
        const isRecent = uses.slice(-(pinsMax * 3) / 4).includes(key);
        const found = cache.get(parseAffinityKey(key)!);
        if (isRecent) assert.ok(found !== undefined);
        if (found === undefined) cache.put(pin(key, 1));
        uses.push(key);
      }
    }),
  );
});
