/** The parsers of ids: exactly the documented texts, nothing near them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatOwner, parseAffinityKey, parseEdgeId, parseEpoch } from './ids.ts';
import type { Incarnation } from './ids.ts';

test('a key is 1 to 128 characters of letters, digits, dot, underscore, tilde and dash', () => {
  for (const text of ['a', 'A9._~-', 'k'.repeat(128)]) assert.equal(parseAffinityKey(text), text);
  const bad = [
    '',
    'k'.repeat(129),
    'a b',
    'a/b',
    'a%20',
    'ä',
    'k\n',
    '\nk',
    'k\u0000',
    'k\u2028',
    'a+b',
    'a=b',
  ];
  for (const text of bad) assert.equal(parseAffinityKey(text), undefined, JSON.stringify(text));
});

test('an edge id is 1 to 64 characters of the same, without the tilde', () => {
  for (const text of ['edge-1', 'E.1_b', 'e'.repeat(64)]) assert.equal(parseEdgeId(text), text);
  for (const text of ['', 'e'.repeat(65), 'e~1', 'e:1', 'e 1', 'e\n'])
    assert.equal(parseEdgeId(text), undefined, JSON.stringify(text));
});

test('an epoch is a positive decimal number without a sign, a zero in front or a loss of digits', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (value) => {
      assert.equal(parseEpoch(String(value)), value);
    }),
  );
  for (const text of [
    '',
    '0',
    '-1',
    '+1',
    '01',
    '1.0',
    '1e3',
    ' 1',
    '1\n',
    '0x1',
    '9007199254740992',
    '9'.repeat(17),
  ])
    assert.equal(parseEpoch(text), undefined, JSON.stringify(text));
});

test('an owner is written as edge and incarnation', () => {
  assert.equal(formatOwner(parseEdgeId('edge-1')!, 3 as Incarnation), 'edge-1:3');
});
