/** Subjects of clients' certificates as upstreams get them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSubject } from './client-identity.ts';

const table: readonly (readonly [string, string])[] = [
  ['CN=alice', 'CN=alice'],
  ['C=CH\nO=Acme\\, Inc.\nCN=alice', 'CN=alice,O=Acme\\, Inc.,C=CH'],
  ['CN=Zoë 🚢', 'CN=Zo\\C3\\AB \\F0\\9F\\9A\\A2'],
  ['CN=line\\0Dbreak', 'CN=line\\0Dbreak'],
  ['', ''],
];

for (const [lines, text] of table) {
  test(`the subject ${JSON.stringify(lines)} is told as ${text}`, () => {
    assert.equal(formatSubject(lines), text);
  });
}

test('nothing in a subject can end the line of a header', () => {
  const subject = formatSubject('CN=a\rx-ct-key: b\u0085\u2028c\u0000');
  assert.match(subject, /^[\x20-\x7e]*$/);
});
