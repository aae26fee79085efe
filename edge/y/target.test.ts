/** Addresses that name a document and those that do not, by table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocumentTarget } from './target.ts';

const longest = 'd'.repeat(128);
const accepted: readonly (readonly [string, string, string])[] = [
  ['/y/KEY/a.txt', 'KEY', 'a.txt'],
  ['/y/KEY/a~b-c_d.9', 'KEY', 'a~b-c_d.9'],
  ['/y/KEY/a.txt?ctstickiness=KEY', 'KEY', 'a.txt'],
  ['/y/KEY/a.txt?', 'KEY', 'a.txt'],
  [`/y/KEY/${longest}`, 'KEY', longest],
];
const refused = [
  '/y/',
  '/y/KEY',
  '/y/KEY/',
  '/y//a.txt',
  '/y/KEY/a/b',
  '/y/KEY/a.txt/',
  '/y/KEY/a%20b',
  '/y/KEY/a b',
  '/y/KEY/ä',
  '/y/KEY/a.txt#x',
  '/y/KEY/a.txt\n',
  `/y/KEY/${longest}d`,
  '/x/KEY/a.txt',
];

for (const [target, key, document] of accepted) {
  test(`${target} names a document`, () => {
    assert.deepEqual(parseDocumentTarget(target), { key, document });
  });
}

for (const target of refused) {
  test(`${JSON.stringify(target)} names no document`, () => {
    assert.equal(parseDocumentTarget(target), undefined);
  });
}
