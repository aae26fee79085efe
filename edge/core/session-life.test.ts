/** When sessions end by themselves, by table and against a slow, obvious reading of random histories. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { CoreSession, broadcast, connect, disconnect, leave, tell } from '../../test/support/oct-core.ts';
import type { Command } from './session-command.ts';
import { guestGraceMs } from './session-roster.ts';

const rules = { noGuestsMs: 90_000, guestsLeftMs: 45_000, idleMs: 200_000 };
const host = connect('ann');
const guest = connect('bob');

interface Row {
  readonly promise: string;
  /** A number: so many milliseconds pass. */
  readonly given: readonly (Command | number)[];
  readonly ends: string | undefined;
}

const rows: readonly Row[] = [
  { promise: 'goes on while a guest may still come', given: [host, 89_999], ends: undefined },
  { promise: 'ends when no guest came', given: [host, 90_000], ends: 'no-guests' },
  { promise: 'goes on with a guest', given: [host, guest, 90_000], ends: undefined },
  {
    promise: 'goes on for a while when its guests have left',
    given: [host, 80_000, guest, leave('bob'), 44_999],
    ends: undefined,
  },
  {
    promise: 'ends when its guests stay away',
    given: [host, guest, leave('bob'), 45_000],
    ends: 'guests-left',
  },
  {
    promise: 'goes on when another guest came',
    given: [host, guest, leave('bob'), 44_999, connect('cid'), 45_000],
    ends: undefined,
  },
  {
    promise: 'counts a guest who is away for a moment as there',
    given: [host, guest, disconnect('bob'), guestGraceMs - 1, connect('bob', { nth: 2 }), 45_000],
    ends: undefined,
  },
  { promise: 'ends when nothing is said', given: [host, guest, 200_000], ends: 'idle' },
  {
    promise: 'goes on when something is said',
    given: [host, guest, 199_999, broadcast('ann', { keys: ['bob'] }), 199_999],
    ends: undefined,
  },
];

void suite('a session', () => {
  for (const { promise, given, ends } of rows) {
    test(promise, () => {
      const session = new CoreSession({ life: rules });
      assert.equal(play(session, given), ends);
    });
  }

  test('that has no such rules goes on for ever', () => {
    const session = new CoreSession();
    assert.equal(play(session, [host, 1e12]), undefined);
  });

  test('that ends tells host and guests why, and keeps nothing', () => {
    const session = new CoreSession({ life: rules });
    for (const command of [host, guest]) session.apply(command);
    assert.deepEqual(session.wait(200_000).map(tell), [
      'ann-1 < closed by ann: idle',
      'expel ann-1',
      'bob-1 < closed by ann: idle',
      'expel bob-1',
      'ended: idle',
    ]);
    assert.deepEqual([session.state.members.size, session.state.hasEnded], [0, true]);
  });
});

test('a session ends at the first moment at which a rule says so, and at no other', () => {
  const step = fc.oneof(fc.constantFrom('come', 'go', 'say'), fc.integer({ min: 1, max: 60_000 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const session = new CoreSession({ life: rules });
      session.apply(host);
      let emptySinceMs: number | undefined = 0;
      let limitMs = rules.noGuestsMs;
      let saidMs = 0;
      for (const [nth, step] of steps.entries()) {
        const isThere = emptySinceMs === undefined;
        if (step === 'come' && !isThere) {
          session.apply(connect('bob', { nth }));
          emptySinceMs = undefined;
        } else if (step === 'go' && isThere) {
          session.apply(leave('bob', nthOf(session)));
          emptySinceMs = session.nowMs;
          limitMs = rules.guestsLeftMs;
        } else if (step === 'say') {
          session.apply(broadcast('ann'));
          saidMs = session.nowMs;
        } else if (typeof step === 'number') {
          const effects = session.wait(step);
          const isEmpty: boolean = emptySinceMs !== undefined && session.nowMs - emptySinceMs >= limitMs;
          const isOver: boolean = isEmpty || session.nowMs - saidMs >= rules.idleMs;
          assert.equal(
            effects.some(({ kind }) => kind === 'ended'),
            isOver,
          );
          if (isOver) return;
        }
      }
    }),
  );
});

/** The reason of the end, undefined where there was none. */
function play(session: CoreSession, steps: readonly (Command | number)[]): string | undefined {
  for (const step of steps) {
    const effects = typeof step === 'number' ? session.wait(step) : session.apply(step);
    const end = effects.find((effect) => effect.kind === 'ended');
    if (end !== undefined) return end.reason;
  }
  return undefined;
}

function nthOf({ state }: CoreSession): number {
  const connection = [...state.connections].find(([, id]) => id === 'bob')![0];
  return Number(connection.slice('bob-'.length));
}
