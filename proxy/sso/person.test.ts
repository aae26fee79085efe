/** People by what a provider says of them, whichever way it says it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isAmong, personOf, roleOf } from './person.ts';

const claims = { iss: 'https://login.example.com', sub: '7', name: 'Ada', email: 'ada@example.org' };

test('a person keeps the id whatever the name is, and nobody of another provider has it', () => {
  const { id } = personOf(claims, 'groups');
  assert.equal(personOf({ ...claims, name: 'Countess' }, 'groups').id, id);
  assert.notEqual(personOf({ ...claims, iss: 'https://other.example.com' }, 'groups').id, id);
  assert.notEqual(personOf({ ...claims, sub: '8' }, 'groups').id, id);
});

test('an address that the provider has not verified is not taken for the person', () => {
  const person = personOf({ ...claims, name: '', email_verified: false }, 'groups');
  assert.deepEqual([person.name, person.email], ['7', undefined]);
});

test('groups are a list, one text, or stand within an object, under whatever name', () => {
  const groups = (more: object, path: string): readonly string[] =>
    personOf({ ...claims, ...more }, path).groups;
  assert.deepEqual(groups({ groups: ['a', 7, 'b'] }, 'groups'), ['a', 'b']);
  assert.deepEqual(groups({ groups: 'a' }, 'groups'), ['a']);
  assert.deepEqual(groups({ groups: [{ name: 'a', id: '7' }, null, {}, { name: 7 }] }, 'groups'), ['a']);
  assert.deepEqual(groups({ realm_access: { roles: ['a'] } }, 'realm_access.roles'), ['a']);
  assert.deepEqual(groups({ 'https://x.example/groups': ['a'] }, 'https://x.example/groups'), ['a']);
  for (const odd of [undefined, null, 7, {}, { roles: 1 }])
    assert.deepEqual(groups({ realm_access: odd }, 'realm_access.roles'), []);
  assert.deepEqual(groups({}, '__proto__.constructor'), []);
});

test('the groups of administrators go before those of readers, and a star is everybody', () => {
  const person = { ...personOf(claims, 'groups'), groups: ['ops', 'support'] };
  const roleBy = (admins: string[], readers: string[]): unknown =>
    roleOf(person, { CT_SSO_ADMIN_GROUPS: admins, CT_SSO_READER_GROUPS: readers });
  assert.equal(roleBy(['ops'], ['support']), 'admin');
  assert.equal(roleBy([], ['support']), 'reader');
  assert.equal(roleBy(['Ops'], []), undefined);
  assert.equal(roleBy([], ['*']), 'reader');
  assert.equal(isAmong([], []), false);
});

test('whatever a provider says, a person comes out', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.anything()), fc.string(), (said, path) => {
      const person = personOf(said, path);
      assert.ok(Array.isArray(person.groups) && typeof person.name === 'string');
    }),
  );
});
