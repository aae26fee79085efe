/** How many passwords an address and a user get tried, by a clock of the test. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AttemptLimit } from './attempt-limit.ts';
import type { AttemptNews } from './attempt-limit.ts';

function open(max?: number): { limit: AttemptLimit; clock: { nowMs: number } } {
  const clock = { nowMs: 1_000_000 };
  return { limit: new AttemptLimit(() => clock.nowMs, { max }), clock };
}

test('an address may fail ten times at once, then once in half a minute, and is told how long to wait', () => {
  const { limit, clock } = open();
  for (let i = 0; i < 10; i++) assert.equal(limit.begin('192.0.2.1', undefined).kind, 'may-try');
  assert.deepEqual(limit.begin('192.0.2.1', undefined), { kind: 'too-many', waitSeconds: 30 });
  clock.nowMs += 29_000;
  assert.deepEqual(limit.begin('192.0.2.1', undefined), { kind: 'too-many', waitSeconds: 1 });
  clock.nowMs += 1_000;
  assert.equal(limit.begin('192.0.2.1', undefined).kind, 'may-try');
  assert.equal(limit.begin('192.0.2.1', undefined).kind, 'too-many');
  assert.equal(limit.begin('192.0.2.2', undefined).kind, 'may-try');
});

test('an attempt that was none is given back, to the address and to the user', () => {
  const { limit } = open();
  for (let i = 0; i < 1_000; i++) {
    const attempt = limit.begin('192.0.2.1', 'ada');
    assert.equal(attempt.kind, 'may-try');
    if (attempt.kind === 'may-try') attempt.undo();
  }
  assert.equal(limit.size, 0);
});

test('a password that is right costs nothing, nor one that could not be looked at; a wrong one does', async () => {
  const { limit } = open();
  const busy = new Error('busy');
  for (let i = 0; i < 100; i++) {
    const right = await limit.attempt('192.0.2.1', 'ada', async () => await Promise.resolve(i));
    assert.deepEqual(right, { kind: 'right', proved: i });
    await assert.rejects(
      limit.attempt('192.0.2.1', 'ada', async () => await Promise.reject(busy)),
      busy,
    );
  }
  assert.equal(limit.size, 0);
  const guess = async (): Promise<string> =>
    (await limit.attempt('192.0.2.1', 'ada', async () => await Promise.resolve(undefined))).kind;
  for (let i = 0; i < 10; i++) assert.equal(await guess(), 'wrong');
  assert.equal(await guess(), 'too-many');
});

test('a crowd of addresses gets thirty tries of one user, and keeps nobody out who has logged in before', () => {
  const { limit } = open();
  limit.trust('192.0.2.1', 'ada');
  let tries = 0;
  for (let i = 0; i < 200; i++) if (limit.begin(`10.0.0.${i}`, 'ada').kind === 'may-try') tries++;
  assert.equal(tries, 30);
  assert.equal(limit.begin('192.0.2.1', 'ada').kind, 'may-try');
  assert.equal(limit.begin('192.0.2.9', 'bob').kind, 'may-try');
});

test('addresses of one network of IPv6 count as one', () => {
  const { limit } = open();
  for (let i = 0; i < 10; i++) limit.begin(`2001:db8::${i}`, undefined);
  assert.equal(limit.begin('2001:db8::ffff', undefined).kind, 'too-many');
});

test('however many addresses come, so many are known and no more', () => {
  const { limit } = open(100);
  for (let i = 0; i < 1_000; i++) limit.begin(`10.0.${i >> 8}.${i & 255}`, 'ada');
  assert.ok(limit.size <= 100);
  for (let i = 0; i < 1_000; i++) limit.trust(`10.0.${i >> 8}.${i & 255}`, 'ada');
});

test('front doors that tell each other count what is tried, given back and trusted as one', () => {
  const nowMs = (): number => 1_000_000;
  const news: AttemptNews[] = [];
  const tell = (one: AttemptNews): void => void news.push(one);
  const doors = [new AttemptLimit(nowMs, { tell }), new AttemptLimit(nowMs)] as const;
  const pass = (): void => {
    for (const one of news.splice(0)) doors[1].hear(one);
  };
  const begin = (): number => {
    const attempt = doors[0].begin('192.0.2.1', 'ada');
    if (attempt.kind === 'may-try') attempt.undo();
    pass();
    return doors[1].size;
  };
  for (let i = 0; i < 100; i++) assert.equal(begin(), 0);
  for (let i = 0; i < 10; i++) doors[0].begin('192.0.2.1', 'ada');
  pass();
  assert.equal(doors[1].begin('192.0.2.1', 'bob').kind, 'too-many');
  for (let i = 0; i < 20; i++) doors[0].begin(`10.0.0.${i}`, 'ada');
  doors[0].trust('192.0.2.7', 'ada');
  pass();
  assert.equal(doors[1].begin('192.0.2.8', 'ada').kind, 'too-many');
  assert.equal(doors[1].begin('192.0.2.7', 'ada').kind, 'may-try');
});
