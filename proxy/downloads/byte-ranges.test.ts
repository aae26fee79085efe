/** Ranges as RFC 9110 section 14 has them: which bytes are sent for what was asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as assertProperty, constantFrom, integer, property, tuple } from 'fast-check';
import { readRanges } from './byte-ranges.ts';

const size = 1_000;

function read(value: string): string {
  const asked = readRanges(value, size);
  if (asked.kind !== 'ranges') return asked.kind;
  return asked.ranges.map(({ first, last }) => `${first}-${last}`).join(' ');
}

const table: readonly (readonly [string, string])[] = [
  ['bytes=0-499', '0-499'],
  ['bytes=500-', '500-999'],
  ['bytes=-1', '999-999'],
  ['bytes=-5000', '0-999'],
  ['bytes=999-999', '999-999'],
  ['bytes=0-5000', '0-999'],
  ['BYTES=0-0', '0-0'],
  ['bytes= 0-0 , 500-501', '0-0 500-501'],
  ['bytes=,0-0,,', '0-0'],
  ['bytes=1000-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=1000-, 0-0', '0-0'],
  // Overlapping, touching, and nearly so.
  ['bytes=0-10,5-20', '0-20'],
  ['bytes=0-10,11-20', '0-20'],
  ['bytes=0-10,60-70', '0-70'],
  ['bytes=500-600,0-10', '500-600 0-10'],
  ['bytes=0-,0-,0-,0-', '0-999'],
  // What is no list of byte ranges asks for the whole.
  ['bytes=', 'whole'],
  ['bytes=5-4', 'whole'],
  ['bytes=a-b', 'whole'],
  ['bytes=0-1;2-3', 'whole'],
  ['bytes=1.5-2', 'whole'],
  ['bytes=99999999999999999999-', 'whole'],
  ['lines=0-1', 'whole'],
  ['0-1', 'whole'],
  [`bytes=${Array.from({ length: 33 }, (_, i) => `${i * 200}-${i * 200}`).join(',')}`, 'whole'],
];

test('each value asks for what the standard says', () => {
  for (const [value, expected] of table) assert.equal(read(value), expected, value);
  assert.equal(readRanges(undefined, size).kind, 'whole');
  assert.equal(readRanges('bytes=0-', 0).kind, 'unsatisfiable', 'of an empty file there is no range');
});

test('ranges lie within the file, apart from each other, and hold every byte that was asked for', () => {
  const spec = tuple(
    integer({ min: 0, max: 1_200 }),
    integer({ min: 0, max: 300 }),
    constantFrom('to', 'on', 'end'),
  );
  assertProperty(
    property(array(spec, { minLength: 1, maxLength: 32 }), (specs) => {
      const texts = specs.map(([first, more, form]) =>
        form === 'to' ? `${first}-${first + more}` : form === 'on' ? `${first}-` : `-${more}`,
      );
      const asked = readRanges(`bytes=${texts.join(',')}`, size);
      const wanted = new Set<number>();
      for (const [first, more, form] of specs) {
        const from = form === 'end' ? Math.max(0, size - more) : first;
        const to = form === 'to' ? Math.min(size - 1, first + more) : size - 1;
        for (let i = from; i <= to; i++) wanted.add(i);
      }
      if (asked.kind !== 'ranges') return assert.equal(wanted.size, 0, asked.kind);
      const sorted = asked.ranges.toSorted((a, b) => a.first - b.first);
      for (const [i, { first, last }] of sorted.entries()) {
        assert.ok(first >= 0 && first <= last && last < size);
        if (i > 0) assert.ok(first > sorted[i - 1]!.last + 1);
      }
      for (const at of wanted) assert.ok(sorted.some(({ first, last }) => first <= at && at <= last));
    }),
  );
});
