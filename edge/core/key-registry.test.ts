/** Marks of idle and live keys: told until confirmed, right in the end whatever is lost. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { claimBuckets } from '#shared/claim-digest.ts';
import { provisionalEpoch } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { KeyRegistry, quietMs } from './key-registry.ts';

const key = 'session' as AffinityKey;
const epoch = 5 as Epoch;
const limit = 100;
const nothing = { idle: [], live: [] };
const idle = { idle: [{ key, epoch }], live: [] };
const live = { idle: [], live: [{ key, epoch }] };

test('a key falls idle when its last connection is closed, and not before', () => {
  const registry = new KeyRegistry(60_000);
  registry.opened(key, epoch, 0);
  registry.opened(key, epoch, 0);
  registry.closed(key, 10);
  assert.deepEqual(registry.marks(10 + quietMs, limit), nothing);
  registry.closed(key, 20_000);
  assert.deepEqual(registry.marks(20_000, limit), nothing, 'the next connection may be on its way');
  assert.deepEqual(registry.marks(20_000 + quietMs, limit), idle);
});

test('a session that is only expected is nobody’s claim before its first exchange, and one that is here stays one', () => {
  const registry = new KeyRegistry(60_000);
  registry.expect(key, epoch, 0);
  assert.equal(registry.claimOf(key), undefined);
  assert.equal(registry.epochOf(key), epoch);
  registry.note(key, epoch, 10);
  assert.equal(registry.claimOf(key), epoch);
  registry.expect(key, epoch, 20);
  assert.equal(registry.claimOf(key), epoch);
});

test('a key that was only asked about falls idle too, so that its pin ends', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, epoch, 0);
  assert.deepEqual(registry.marks(quietMs, limit), idle);
});

test('a mark is told again until it is confirmed, and then no more', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, epoch, 0);
  const batch = registry.marks(quietMs, limit);
  assert.deepEqual(registry.marks(quietMs + 1_000, limit), idle);
  registry.confirm(batch);
  assert.deepEqual(registry.marks(quietMs + 2_000, limit), nothing);
});

test('a key that comes back is told as live', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, epoch, 0);
  registry.confirm(registry.marks(quietMs, limit));
  registry.opened(key, epoch, 5_000);
  assert.deepEqual(registry.marks(5_000, limit), live);
});

test('a confirmation of an older epoch says nothing about the new pin', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, epoch, 0);
  const batch = registry.marks(quietMs, limit);
  registry.note(key, 6 as Epoch, quietMs);
  registry.confirm(batch);
  assert.deepEqual(registry.marks(quietMs * 2, limit), { idle: [{ key, epoch: 6 }], live: [] });
});

test('after a lapsed lease every key is told again, for the directory may have called it idle itself', () => {
  const registry = new KeyRegistry(60_000);
  registry.opened(key, epoch, 0);
  assert.deepEqual(registry.marks(0, limit), nothing);
  registry.distrust();
  assert.deepEqual(registry.marks(0, limit), live);
});

test('keys are forgotten long after their last use, those with a connection never', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, epoch, 0);
  registry.opened('open' as AffinityKey, epoch, 0);
  registry.sweep(59_999);
  assert.equal(registry.epochOf(key), epoch);
  registry.sweep(60_000);
  assert.deepEqual(registry.keys(), ['open']);
});

test('a key that was placed without the directory has no mark before it has an epoch of it', () => {
  const registry = new KeyRegistry(60_000);
  registry.note(key, provisionalEpoch, 0);
  assert.deepEqual(registry.marks(quietMs, limit), nothing);
  registry.note(key, epoch, quietMs);
  assert.deepEqual(registry.marks(2 * quietMs, limit), idle);
});

test('the claims of all buckets are the claims, also in parts and after keys were forgotten', () => {
  const registry = new KeyRegistry(60_000);
  for (let i = 0; i < 500; i++) registry.note(`gone-${i}` as AffinityKey, epoch, 0);
  registry.sweep(60_000);
  for (let i = 0; i < 500; i++) registry.opened(`key-${i}` as AffinityKey, epoch, 60_000);
  registry.letGo('key-7' as AffinityKey, epoch, 60_000);
  const inBuckets: string[] = [];
  for (let bucket = 0; bucket < claimBuckets; bucket++) {
    for (let after = ''; ;) {
      const { claims, isLast } = registry.claims(60_000, { bucket, after, limit: 3 });
      assert.ok(claims.length <= 3);
      inBuckets.push(...claims.map(({ key }) => key));
      if (isLast) break;
      after = claims.at(-1)!.key;
    }
  }
  const { claims, isLast } = registry.claims(60_000, { after: '', limit: 1_000 });
  assert.ok(isLast);
  assert.equal(claims.length, 499);
  assert.deepEqual(
    inBuckets.toSorted(),
    claims.map(({ key }) => key),
  );
});

test('a report names no more keys than it may, and the rest comes with the next ones', () => {
  const registry = new KeyRegistry(60_000);
  for (let i = 0; i < 25; i++) registry.note(`key-${i}` as AffinityKey, epoch, 0);
  const told = new Set<string>();
  for (let report = 0; report < 3; report++) {
    const batch = registry.marks(quietMs, 10);
    assert.ok(batch.idle.length <= 10);
    for (const mark of batch.idle) told.add(mark.key);
    registry.confirm(batch);
  }
  assert.equal(told.size, 25);
});

test('whatever happens and whichever reports are lost, the directory ends up with the truth', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 3 }),
    action: fc.constantFrom('open', 'close', 'note', 'lapse'),
    reportArrives: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const registry = new KeyRegistry(1e9);
      const open = new Map<string, number>();
      const directory = new Map<string, string>();
      let now = 0;
      const report = (): void => {
        const batch = registry.marks(now, limit);
        for (const mark of ['idle', 'live'] as const) {
          for (const state of batch[mark]) directory.set(state.key, mark);
        }
        registry.confirm(batch);
      };
      for (const { key: number, action, reportArrives } of steps) {
        now += 1_500;
        const name = `key-${number}` as AffinityKey;
        const count = open.get(name) ?? 0;
        if (action === 'lapse') {
          registry.distrust();
          for (const known of directory.keys()) directory.set(known, 'idle');
        } else if (action === 'close') {
          registry.closed(name, now);
          if (count > 0) open.set(name, count - 1);
        } else {
          if (!directory.has(name)) directory.set(name, 'live');
          if (action === 'open') registry.opened(name, epoch, now);
          else registry.note(name, epoch, now);
          open.set(name, count + (action === 'open' ? 1 : 0));
        }
        if (reportArrives) report();
      }
      now += quietMs;
      report();
      for (const [name, count] of open) {
        if (directory.has(name)) assert.equal(directory.get(name), count > 0 ? 'live' : 'idle', name);
      }
    }),
  );
});

test('a key that was let go is served again under a higher epoch alone', () => {
  const registry = new KeyRegistry(60_000);
  registry.opened(key, epoch, 0);
  registry.letGo(key, epoch, 0);
  assert.equal(registry.epochOf(key), epoch + 1);
  const next = (epoch + 3) as Epoch;
  registry.note(key, next, 0);
  assert.equal(registry.epochOf(key), next);
});

test('a key that came here anew is not let go with an epoch that was before', () => {
  const registry = new KeyRegistry(60_000);
  registry.opened(key, epoch, 0);
  const next = (epoch + 2) as Epoch;
  registry.note(key, next, 0);
  registry.letGo(key, epoch, 0);
  assert.equal(registry.epochOf(key), next);
  assert.equal(registry.claimOf(key), next);
});
