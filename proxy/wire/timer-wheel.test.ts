/** The wheel under a clock of its own: nothing early, nothing later than a tick, nothing twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Deadline, TimerWheel } from './timer-wheel.ts';

const tickMs = 25;

class Clock {
  nowMs = 1_000_000;
  readonly wheel = new TimerWheel(() => this.nowMs, tickMs);

  pass(ms: number): void {
    const end = this.nowMs + ms;
    while (this.nowMs < end) {
      this.nowMs = Math.min(end, this.nowMs + tickMs);
      this.wheel.tick();
    }
  }
}

test('a deadline is called once, never early and at most a tick late, however far it is', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 20 }),
      (durations) => {
        const clock = new Clock();
        const startedMs = clock.nowMs;
        const calls = durations.map(() => [] as number[]);
        for (const [i, ms] of durations.entries())
          clock.wheel.set(new Deadline(() => calls[i]!.push(clock.nowMs - startedMs)), ms);
        clock.pass(70_000);
        for (const [i, ms] of durations.entries()) {
          assert.equal(calls[i]!.length, 1);
          assert.ok(calls[i]![0]! >= ms && calls[i]![0]! <= ms + 2 * tickMs, `${calls[i]} for ${ms}`);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('a deadline that is put off, cleared or removed is not called before its time', () => {
  const clock = new Clock();
  const called: string[] = [];
  const make = (name: string): Deadline => new Deadline(() => called.push(name));
  const [putOff, cleared, removed] = [make('put off'), make('cleared'), make('removed')];
  for (const deadline of [putOff, cleared, removed]) clock.wheel.set(deadline, 100);
  clock.pass(75);
  clock.wheel.set(putOff, 100);
  clock.wheel.clear(cleared);
  clock.wheel.remove(removed);
  clock.pass(75);
  assert.deepEqual(called, []);
  clock.pass(75);
  assert.deepEqual(called, ['put off']);
});

test('a deadline may be brought forward', () => {
  const clock = new Clock();
  let called = 0;
  const deadline = new Deadline(() => called++);
  clock.wheel.set(deadline, 30_000);
  clock.wheel.set(deadline, 50);
  clock.pass(100);
  assert.equal(called, 1);
  clock.pass(40_000);
  assert.equal(called, 1);
});

test('a deadline that sets itself again goes on, and one that removes another is obeyed', () => {
  const clock = new Clock();
  let calls = 0;
  const victim = new Deadline(() => assert.fail('it was removed'));
  const again: Deadline = new Deadline(() => {
    calls++;
    clock.wheel.remove(victim);
    clock.wheel.set(again, 100);
  });
  clock.wheel.set(again, 100);
  clock.wheel.set(victim, 100);
  clock.pass(1_000);
  assert.ok(calls >= 7 && calls <= 10, String(calls));
});

test('a clock that stood still for long makes nothing lost', () => {
  const clock = new Clock();
  let called = 0;
  for (const ms of [10, 5_000, 20_000]) clock.wheel.set(new Deadline(() => called++), ms);
  clock.nowMs += 3_600_000;
  clock.wheel.tick();
  assert.equal(called, 3);
});
