/** The picture of the pool: what differs, applied to what was, is what is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyChange, differ } from './picture.ts';
import type { EdgeFigures, Picture } from './picture.ts';

const figure = fc.integer({ min: 0, max: 3 });
const edge: fc.Arbitrary<EdgeFigures> = fc.record({
  kind: fc.constantFrom('edge', 'static'),
  state: fc.constantFrom('ready', 'draining'),
  version: fc.constantFrom('1', '2'),
  region: fc.constant('default'),
  weight: figure,
  sessions: figure,
  sessionsMax: figure,
  users: figure,
  connections: figure,
  messagesPerSecond: figure,
  lagMs: figure,
  busy: figure,
  left: fc.constantFrom(-1, 0, 3),
});
const pool = fc.record({
  users: figure,
  sessions: figure,
  connections: figure,
  lagMs: figure,
  edges: figure,
  ready: figure,
  connectionsMax: figure,
  licence: fc.constantFrom('none', 'valid', 'nearly full'),
  licenceDaysLeft: figure,
});
/** Keys of sessions are the clients' choice. */
const name = fc.constantFrom('a', 'b', '7', '__proto__', 'constructor', 'toString');
const picture: fc.Arbitrary<Picture> = fc.record({
  pool,
  banner: fc.record({ text: fc.constantFrom('', 'a', 'b'), level: fc.constantFrom('info', 'warning') }),
  edges: fc.dictionary(name, edge),
  places: fc.dictionary(name, fc.constantFrom('edge-1', 'edge-2')),
  doors: fc.dictionary(name, fc.constantFrom('1.0.0', '1.1.0')),
});

test('a change that went over the wire makes the second picture of the first, whatever sessions are called', () => {
  fc.assert(
    fc.property(picture, picture, (before, after) => {
      const change = differ(before, after);
      const seen = change === undefined ? before : applyChange(before, JSON.parse(JSON.stringify(change)));
      assert.deepEqual(sorted(seen), sorted(after));
    }),
  );
});

test('what did not change is not told', () => {
  fc.assert(fc.property(picture, (same) => assert.equal(differ(same, structuredClone(same)), undefined)));
});

/** As plain objects, in one order. */
function sorted({ pool, banner, edges, places, doors }: Picture): unknown {
  const list = (of: object): unknown =>
    Object.entries(structuredClone(of)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return {
    pool: { ...pool },
    banner: { ...banner },
    edges: list(edges),
    places: list(places),
    doors: list(doors),
  };
}
