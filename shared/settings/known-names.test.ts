/** What a foreign `CT_*` name is, and which known name a typo means. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classifyForeignName, nearestName } from './known-names.ts';

test('the name with the fewest edits is meant, where those are at most a third of the typo', () => {
  assert.equal(nearestName('CT_PORT', ['CT_HOST', 'CT_PORTS']), 'CT_PORTS');
  assert.equal(nearestName('CT_AB', ['CT_XYZ', 'CT_ABCDEF']), undefined);
  assert.equal(nearestName('CT_AB', []), undefined);
});

test('a name is nearest to itself, and to itself with one character gone', () => {
  const known = ['CT_HTTP_PORT', 'CT_LOG_LEVEL', 'CT_EDGE_WEIGHT'];
  fc.assert(
    fc.property(fc.constantFrom(...known), fc.nat(), (name, pick) => {
      const at = pick % name.length;
      assert.equal(nearestName(name, known), name);
      assert.equal(nearestName(name.slice(0, at) + name.slice(at + 1), known), name);
    }),
  );
});

test('a port is a service link by its value, not by its name', () => {
  assert.equal(classifyForeignName('CT_X_PORT', 'tcp://10.0.0.1:80'), 'service-link');
  assert.equal(classifyForeignName('CT_X_PORT', '80'), 'unknown');
});
