/** Presence without sockets: who may speak for whom, and what the others are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Awareness } from './awareness.ts';
import { awarenessClientsPerMemberMax, departedClientsMax } from './limits.ts';
import { absentState } from './message.ts';
import type { AwarenessEntry } from './message.ts';

function entry(client: number, clock: number, state = '{"name":"ann"}'): AwarenessEntry {
  return { client, clock, state };
}

function absent(client: number, clock: number): AwarenessEntry {
  return entry(client, clock, absentState);
}

/** A room in which connection `ann` is present with client 1 at clock 5. */
function roomWithAnn(): Awareness<string> {
  const awareness = new Awareness<string>();
  awareness.receive('ann', [entry(1, 5)]);
  awareness.takeChanges();
  return awareness;
}

test('a client that comes is told to say so again with a higher clock, which the others then believe', () => {
  const awareness = new Awareness<string>();
  assert.deepEqual(awareness.receive('ann', [entry(1, 5)]), [absent(1, 5)]);
  assert.deepEqual(awareness.receive('ann', [entry(1, 6)]), []);
  assert.deepEqual(awareness.takeChanges(), [entry(1, 6)]);
});

test('many changes of one turn are one change', () => {
  const awareness = roomWithAnn();
  awareness.receive('ann', [entry(1, 6)]);
  awareness.receive('ann', [entry(1, 7), entry(1, 8)]);
  assert.deepEqual(awareness.takeChanges(), [entry(1, 8)]);
  assert.deepEqual(awareness.takeChanges(), []);
});

test('an older presence changes nothing', () => {
  const awareness = roomWithAnn();
  awareness.receive('ann', [entry(1, 4), entry(1, 5, '"x"')]);
  assert.deepEqual(awareness.takeChanges(), []);
  assert.deepEqual(awareness.entries, [entry(1, 5)]);
});

test('nobody speaks for another connection’s client, neither to change nor to remove it', () => {
  const awareness = roomWithAnn();
  assert.deepEqual(awareness.receive('eve', [entry(1, 9, '"eve"'), absent(1, 9)]), []);
  assert.deepEqual(awareness.takeChanges(), []);
  assert.deepEqual(awareness.entries, [entry(1, 5)]);
});

test('who leaves is gone for all, and a late echo does not bring them back', () => {
  const awareness = roomWithAnn();
  awareness.leave('ann');
  assert.deepEqual(awareness.takeChanges(), [absent(1, 5)]);
  assert.deepEqual(awareness.receive('bob', [entry(1, 5)]), [absent(1, 5)]);
  assert.deepEqual(awareness.entries, []);
});

test('who comes back with an old clock is told to raise it, and then is here', () => {
  const awareness = roomWithAnn();
  awareness.leave('ann');
  assert.deepEqual(awareness.receive('ann again', [entry(1, 5)]), [absent(1, 5)]);
  assert.deepEqual(awareness.receive('ann again', [entry(1, 6)]), []);
  assert.deepEqual(awareness.entries, [entry(1, 6)]);
});

test('a client may say that it is away, at the clock that it has', () => {
  const awareness = roomWithAnn();
  awareness.receive('ann', [absent(1, 5)]);
  assert.deepEqual(awareness.takeChanges(), [absent(1, 5)]);
  assert.deepEqual(awareness.entries, []);
});

test('the absence of a client that nobody knows is no news', () => {
  const awareness = roomWithAnn();
  assert.deepEqual(awareness.receive('ann', [absent(2, 1)]), []);
  assert.deepEqual(awareness.takeChanges(), []);
});

test('a connection keeps its newest clients when it names too many', () => {
  const awareness = new Awareness<string>();
  for (let client = 0; client <= awarenessClientsPerMemberMax; client++) {
    awareness.receive('ann', [entry(client, 1)]);
  }
  const clients = awareness.entries.map(({ client }) => client);
  assert.deepEqual(
    clients,
    Array.from({ length: awarenessClientsPerMemberMax }, (_, index) => index + 1),
  );
});

test('of clients that left, only so many are remembered', () => {
  const awareness = roomWithAnn();
  awareness.leave('ann');
  for (let client = 100; client < 100 + departedClientsMax; client++) {
    awareness.receive('bob', [entry(client, 1), absent(client, 1)]);
  }
  awareness.receive('bob', [entry(1, 5)]);
  assert.deepEqual(awareness.entries, [entry(1, 5)], 'the oldest is forgotten, so the echo counts');
});

test('what others are told, change by change, always adds up to who is here', () => {
  const step = fc.record({
    owner: fc.constantFrom('ann', 'bob', 'cid'),
    client: fc.integer({ min: 1, max: 4 }),
    clock: fc.integer({ min: 0, max: 6 }),
    does: fc.constantFrom('is here', 'is away', 'leaves', 'is told'),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const awareness = new Awareness<string>();
      const told = new Map<number, string>();
      const tell = (): void => {
        for (const { client, state } of awareness.takeChanges()) {
          if (state === absentState) told.delete(client);
          else told.set(client, state);
        }
      };
      for (const { owner, client, clock, does } of steps) {
        if (does === 'leaves') awareness.leave(owner);
        else if (does === 'is told') tell();
        else
          awareness.receive(owner, [entry(client, clock, does === 'is here' ? `"${owner}"` : absentState)]);
      }
      tell();
      assert.deepEqual(told, new Map(awareness.entries.map(({ client, state }) => [client, state])));
      for (const owner of ['ann', 'bob', 'cid']) awareness.leave(owner);
      assert.deepEqual(awareness.entries, []);
    }),
  );
});
