/** Reading header lists: every line, any case, nothing merged that the wire kept apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerTokens, headerValues } from './header-list.ts';

test('all values of a header come in wire order, in whatever case it was written', () => {
  const headers = ['Cookie', 'a=1', 'X', 'y', 'COOKIE', 'b=2', 'cookies', 'c=3'];
  assert.deepEqual(headerValues(headers, 'cookie'), ['a=1', 'b=2']);
  assert.deepEqual(headerValues(headers, 'host'), []);
});

test('a value is never taken for a name', () => {
  assert.deepEqual(headerValues(['x', 'cookie', 'y', 'z'], 'cookie'), []);
});

test('tokens are read over all lines, in lower case, without empty ones', () => {
  const headers = ['Connection', ' Close ,, Upgrade', 'connection', 'X-One,'];
  assert.deepEqual(headerTokens(headers, 'connection'), ['close', 'upgrade', 'x-one']);
});
