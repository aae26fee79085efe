/** Passwords as they are kept: what is recognised, and what is not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashPassword, isPasswordHash, verifyPassword } from './password-hash.ts';

test('a password is known again by its hash, however it was typed, and no other is', async () => {
  const kept = await hashPassword('Größe');
  assert.ok(isPasswordHash(kept));
  assert.ok(await verifyPassword('Größe', kept));
  assert.ok(await verifyPassword('Größe'.normalize('NFD'), kept));
  for (const wrong of ['', 'Grösse', 'Größe ', 'größe'])
    assert.equal(await verifyPassword(wrong, kept), false);
  assert.notEqual(await hashPassword('Größe', 'made'), kept);
});

test('a hash needs no quotes in a settings file, a shell or a Compose file', async () => {
  assert.match(await hashPassword('x', 'made'), /^[\w:-]+$/);
});

test('what is no hash, or one that would cost too little or too much, is taken for none', async () => {
  const salt = 'c2FsdHNhbHRzYWx0c2FsdA';
  const hash = 'A'.repeat(43);
  const bad = [
    '',
    'secret',
    `scrypt:15:8:3:${salt}`,
    `scrypt:10:8:1:${salt}:${hash}`,
    `scrypt:20:8:1:${salt}:${hash}`,
  ];
  for (const text of [...bad, `scrypt:15:8:0:${salt}:${hash}`]) {
    assert.equal(isPasswordHash(text), false, text);
    assert.equal(await verifyPassword('secret', text), false, text);
  }
});

test('a password that nobody could log in with is not hashed', async () => {
  const longest = 'x'.repeat(1_024);
  assert.ok(await verifyPassword(longest, await hashPassword(longest, 'made')));
  await assert.rejects(hashPassword(`${longest}x`), /1024 bytes/);
  await assert.rejects(hashPassword('ö'.repeat(513)), /1024 bytes/);
});

test('of a crowd that logs in at once some are told to come later', async () => {
  const kept = await hashPassword('secret', 'made');
  const answers = await Promise.allSettled(Array.from({ length: 40 }, () => verifyPassword('secret', kept)));
  const codes = answers.map((answer) =>
    answer.status === 'rejected' ? (answer.reason as { code: string }).code : 'in',
  );
  assert.ok(codes.includes('in') && codes.includes('too-many-waiting'));
});
