/** Content of a directory as a pool may have left it, made by properties. */
import fc from 'fast-check';
import type { StoreContent } from './portable-trip.ts';

const key = fc.stringMatching(/^[A-Za-z0-9._~-]{1,40}$/);
const moment = fc.integer({ min: 0, max: 2 ** 44 });
const number = fc.integer({ min: 1, max: 2 ** 52 });
const text = fc.string({ unit: 'binary', maxLength: 40 }).map((made) => made.replaceAll('\0', '0'));

const edge = fc.record({
  id: fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/),
  kind: fc.constantFrom('edge', 'static'),
  boot_id: text,
  incarnation: number,
  address: fc.webUrl(),
  weight: fc.integer({ min: 1, max: 1_000 }),
  state: fc.constantFrom('up', 'draining', 'gone'),
  lease_until: moment,
});
const pin = fc.record({
  key,
  edge_id: key,
  incarnation: number,
  epoch: fc.integer({ min: 1, max: 2 ** 44 }),
  state: fc.constantFrom('live', 'idle'),
  idle_since: fc.option(moment),
});
const setting = fc.record({ name: fc.stringMatching(/^[a-z.-]{1,40}$/), version: number, value: text });

export const directoryContent: fc.Arbitrary<StoreContent> = fc.record({
  // More than one page of a read, and more than one batch of a write.
  edge: fc.uniqueArray(edge, { selector: ({ id }) => id, minLength: 1, maxLength: 300, size: 'max' }),
  pin: fc.uniqueArray(pin, { selector: (row) => row.key, minLength: 1_001, maxLength: 1_500, size: 'max' }),
  fleet_setting: fc.uniqueArray(setting, { selector: ({ name }) => name, maxLength: 4 }),
});
