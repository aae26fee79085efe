/** Who is let in unasked, and what others' words may do to a terminal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseGuest } from './guest-choice.ts';
import { plainWords } from './plain-words.ts';

const rules = { admitsAll: false, allowed: ['Ann', 'bob@example.org'], canAsk: true };

test('who is on the list comes in, whoever else is asked for, and without anybody to ask is refused', () => {
  assert.equal(chooseGuest(rules, { name: 'ann' }), 'admit');
  assert.equal(chooseGuest(rules, { name: 'x', email: 'BOB@example.org' }), 'admit');
  assert.equal(chooseGuest(rules, { name: 'bob' }), 'ask');
  assert.equal(chooseGuest({ ...rules, canAsk: false }, { name: 'bob' }), 'refuse');
  assert.equal(chooseGuest({ ...rules, admitsAll: true }, { name: 'bob' }), 'admit');
});

test('an address that somebody takes for a name is no address', () => {
  assert.equal(chooseGuest(rules, { name: 'bob@example.org' }), 'ask');
  assert.equal(chooseGuest(rules, { name: 'x', email: 'ann' }), 'ask');
});

test('words of others move no cursor, hide nothing and are not endless', () => {
  assert.equal(plainWords('a\u001b[2Jb\r\nc\u202ed'), 'a[2Jbcd');
  assert.ok(plainWords('x'.repeat(5_000)).length < 300);
});
