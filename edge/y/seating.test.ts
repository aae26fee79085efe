/** Seats of members of y-websocket who come back: theirs are kept for a while, and counted wherever they are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { AdmittedExchange } from '../adapter.ts';
import { takeFreely } from '../seat-desk.ts';
import { Seating } from './seating.ts';

const keptMs = 30_000;
const brokenCode = 1006;

class Scene {
  nowMs = 1;
  /** Times that a moment was held against another one. */
  looks = 0;
  /** Newcomers. */
  asked = 0;
  readonly seating: Seating;

  constructor() {
    const now = (): unknown => ({ valueOf: () => (this.looks++, this.nowMs) });
    const takeSeat: typeof takeFreely = async () => {
      this.asked++;
      return await takeFreely();
    };
    this.seating = new Seating(takeSeat, now as () => number);
  }

  async breakOne(key: AffinityKey): Promise<void> {
    this.seating.leave(await takeFreely(), key, brokenCode);
  }

  async comeBack(key: AffinityKey): ReturnType<Seating['take']> {
    return await this.seating.take(exchangeOf(key), false);
  }
}

function keyOf(name: string): AffinityKey {
  return parseAffinityKey(name)!;
}

function exchangeOf(key: AffinityKey): AdmittedExchange {
  return { key, epoch: 1 as Epoch, isNew: true, exchangeId: 'x', target: '/' };
}

test('whoever comes back within the time has the seat that was kept, and nobody else', async () => {
  const keys = ['a', 'b', 'c'].map(keyOf);
  const step = fc.record({
    key: fc.constantFrom(...keys),
    act: fc.constantFrom('break', 'come', 'forget'),
    laterMs: fc.integer({ min: 0, max: 20_000 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const scene = new Scene();
      let kept: { key: AffinityKey; untilMs: number }[] = [];
      let asked = 0;
      for (const { key, act, laterMs } of steps) {
        scene.nowMs += laterMs;
        kept = kept.filter(({ untilMs }) => untilMs > scene.nowMs);
        if (act === 'break') {
          await scene.breakOne(key);
          kept.push({ key, untilMs: scene.nowMs + keptMs });
        } else if (act === 'forget') {
          scene.seating.forget(key);
          kept = kept.filter((seat) => seat.key !== key);
        } else {
          const seat = await scene.comeBack(key);
          scene.seating.enter(seat);
          scene.seating.release(seat);
          const at = kept.findIndex((one) => one.key === key);
          if (at === -1) asked++;
          else kept.splice(at, 1);
        }
        assert.equal(scene.asked, asked);
        assert.equal(scene.seating.count(0), kept.length);
      }
    }),
  );
});

test('many sessions that break at once come back without a look at each other', async () => {
  const looksOf = async (count: number): Promise<number> => {
    const scene = new Scene();
    const keys = Array.from({ length: count }, (_, at) => keyOf(`session-${at}`));
    for (const key of keys) await scene.breakOne(key);
    for (const key of keys) scene.seating.enter(await scene.comeBack(key));
    assert.equal(scene.asked, 0);
    return scene.looks;
  };
  const few = await looksOf(100);
  const many = await looksOf(1_000);
  assert.ok(many <= few * 10, `${few} looks for a hundred, ${many} for a thousand`);
});

test('a seat that somebody comes back to counts until it is a member’s, and is kept on where it becomes nobody’s', async () => {
  const scene = new Scene();
  const key = keyOf('a');
  await scene.breakOne(key);
  const refused = await scene.comeBack(key);
  assert.equal(scene.seating.count(0), 1, 'while it arrives');
  scene.seating.release(refused);
  assert.equal(scene.seating.count(0), 1, 'after its handshake failed');
  const seat = await scene.comeBack(key);
  scene.seating.enter(seat);
  scene.seating.release(seat);
  assert.equal(scene.seating.count(1), 1, 'as a member');
  assert.equal(scene.asked, 0);
});
