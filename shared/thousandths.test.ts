/** Numbers of log lines: JSON, rounded to thousandths. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatThousandths } from './thousandths.ts';

test('any time is written as the JSON number that rounding to thousandths gives', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      assert.equal(JSON.parse(formatThousandths(value)), Math.round(value * 1_000) / 1_000);
    }),
  );
});

test('less than nothing is nothing', () => {
  assert.equal(formatThousandths(-0.5), '0.000');
});
