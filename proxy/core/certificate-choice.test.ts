/** The choice of a certificate by name, by table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateChoice } from './certificate-choice.ts';

const items = [
  { id: 'exact', names: ['a.example.com', 'Upper.Example.com'], notAfterMs: 1 },
  { id: 'wild', names: ['*.example.com'], notAfterMs: 9 },
  { id: 'deep', names: ['*.b.example.com'], notAfterMs: 1 },
  { id: 'short', names: ['twice.test'], notAfterMs: 1 },
  { id: 'long', names: ['twice.test'], notAfterMs: 2 },
  { id: 'address', names: ['192.0.2.1', '2001:db8::1'], notAfterMs: 1 },
];
const choice = new CertificateChoice(items);

const table: readonly (readonly [string, string | undefined])[] = [
  ['a.example.com', 'exact'],
  ['A.EXAMPLE.COM', 'exact'],
  ['a.example.com.', 'exact'],
  ['upper.example.com', 'exact'],
  ['b.example.com', 'wild'],
  ['x_y.example.com', 'wild'],
  ['x.b.example.com', 'deep'],
  ['x.y.example.com', undefined],
  ['example.com', undefined],
  ['.example.com', undefined],
  ['-x.example.com', undefined],
  ['x y.example.com', undefined],
  ['*.example.com', undefined],
  ['**.example.com', undefined],
  ['twice.test', 'long'],
  ['192.0.2.1', 'address'],
  ['[2001:db8::1]', 'address'],
  ['192.0.2.2', undefined],
  ['elsewhere.test', undefined],
  ['com', undefined],
  ['', undefined],
];

for (const [name, id] of table) {
  test(`"${name}" gets ${id ?? 'none of the certificates'}`, () => {
    assert.equal(choice.choose(name)?.id, id);
  });
}

test('the order in which certificates come changes nothing', () => {
  const reversed = new CertificateChoice(items.toReversed());
  assert.deepEqual(
    table.map(([name]) => reversed.choose(name)?.id),
    table.map(([, id]) => id),
  );
});
