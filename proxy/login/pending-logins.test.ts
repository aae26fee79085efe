/** Logins under way: confirmed once, handed out once, bounded in number and age. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { PendingLogins } from './pending-logins.ts';

const lifeMs = 300_000;
const pendingMax = 10_000;

interface Scene {
  readonly pending: PendingLogins;
  readonly pass: (ms: number) => void;
  /** For polls that are to return at once. */
  readonly over: AbortSignal;
  readonly patient: AbortSignal;
}

function setScene(): Scene {
  let nowMs = 0;
  return {
    pending: new PendingLogins(() => nowMs),
    pass: (ms) => {
      nowMs += ms;
    },
    over: AbortSignal.abort(),
    patient: new AbortController().signal,
  };
}

test('a login that nobody started is unknown', async () => {
  const { pending, patient } = setScene();
  assert.equal(pending.has('p1'), false);
  assert.equal(pending.confirm('p1', 'token'), false);
  assert.deepEqual(await pending.poll('p1', patient), { kind: 'unknown' });
});

test('a poll before the confirmation waits for it', async () => {
  const { pending, patient } = setScene();
  pending.start('p1', 'ann');
  const polled = pending.poll('p1', patient);
  assert.equal(pending.confirm('p1', 'token'), true);
  assert.deepEqual(await polled, { kind: 'confirmed', token: 'token' });
});

test('a poll after the confirmation gets the token at once', async () => {
  const { pending, over } = setScene();
  pending.start('p1', 'ann');
  pending.confirm('p1', 'token');
  assert.deepEqual(await pending.poll('p1', over), { kind: 'confirmed', token: 'token' });
});

test('a token is handed out once', async () => {
  const { pending, patient } = setScene();
  pending.start('p1', 'ann');
  pending.confirm('p1', 'token');
  await pending.poll('p1', patient);
  assert.deepEqual(await pending.poll('p1', patient), { kind: 'unknown' });
  assert.equal(pending.has('p1'), false);
  assert.equal(pending.confirm('p1', 'another'), false);
});

test('of several that wait for one login, one alone gets the token', async () => {
  const { pending, patient } = setScene();
  pending.start('p1', 'ann');
  const polls = [pending.poll('p1', patient), pending.poll('p1', patient), pending.poll('p1', patient)];
  pending.confirm('p1', 'token');
  const kinds = (await Promise.all(polls)).map((result) => result.kind);
  assert.deepEqual(kinds.sort(), ['confirmed', 'unknown', 'unknown']);
});

test('a second confirmation changes nothing', async () => {
  const { pending, patient } = setScene();
  pending.start('p1', 'ann');
  pending.confirm('p1', 'first');
  pending.confirm('p1', 'second');
  assert.deepEqual(await pending.poll('p1', patient), { kind: 'confirmed', token: 'first' });
});

test('a poll that is called off says so, and the next one goes on waiting', async () => {
  const { pending, over, patient } = setScene();
  const calledOff = new AbortController();
  pending.start('p1', 'ann');
  const polled = pending.poll('p1', calledOff.signal);
  calledOff.abort();
  assert.deepEqual(await polled, { kind: 'waiting' });
  assert.deepEqual(await pending.poll('p1', over), { kind: 'waiting' });
  const next = pending.poll('p1', patient);
  pending.confirm('p1', 'token');
  assert.deepEqual(await next, { kind: 'confirmed', token: 'token' });
});

test('a login that nobody confirmed in five minutes is over, confirmed or not', async () => {
  const { pending, pass, patient } = setScene();
  pending.start('p1', 'ann');
  pending.start('p2', 'ann');
  pending.confirm('p2', 'token');
  pass(lifeMs - 1);
  assert.equal(pending.has('p1'), true);
  pass(1);
  assert.equal(pending.has('p1'), false);
  assert.equal(pending.confirm('p1', 'token'), false);
  assert.deepEqual(await pending.poll('p2', patient), { kind: 'unknown' });
});

test('one more login than may wait is refused, until the old ones are over', () => {
  const { pending, pass } = setScene();
  for (let i = 0; i < pendingMax; i++) pending.start(`p${i}`, `192.0.2.${i % 200}`);
  assert.throws(
    () => pending.start('one more', 'ann'),
    (error) => error instanceof AppError && error.code === 'too-many-waiting',
  );
  assert.equal(pending.has('p0'), true);
  pass(lifeMs);
  pending.start('one more', 'ann');
  assert.equal(pending.has('one more'), true);
});

test('a login that got its token makes room for another', async () => {
  const { pending, patient } = setScene();
  for (let i = 0; i < pendingMax; i++) pending.start(`p${i}`, `192.0.2.${i % 200}`);
  pending.confirm('p0', 'token');
  await pending.poll('p0', patient);
  assert.doesNotThrow(() => pending.start('one more', 'ann'));
});

test('who begins one login after the other loses logins, and others neither theirs nor new ones', () => {
  const { pending } = setScene();
  pending.start('of ann', 'ann');
  for (let i = 0; i < 3 * pendingMax; i++) pending.start(`p${i}`, 'mallory');
  pending.start('of bob', 'bob');
  assert.ok(pending.has('of ann'));
  assert.ok(pending.has('of bob'));
  assert.equal(pending.has('p0'), false);
});
