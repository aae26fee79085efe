/** The referee calls an edge wrong exactly where the owner had no reason to lose the key. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Referee } from './referee.ts';

function play(
  steps: readonly (readonly [string, number, number] | readonly ['trouble' | 'recovery', number])[],
): Referee {
  const referee = new Referee();
  for (const step of steps) {
    if (step[0] === 'trouble') referee.noteTrouble('e1', step[1]);
    else if (step[0] === 'recovery') referee.noteRecovery('e1', step[1]);
    else referee.noteAnswer('k', step[0], { startedAtMs: step[1], atMs: step[2]! });
  }
  return referee;
}

for (const [what, steps, wrong, moved] of [
  [
    'the same owner',
    [
      ['e1:1', 0, 1],
      ['e1:1', 2, 3],
    ],
    0,
    0,
  ],
  [
    'another edge for no reason',
    [
      ['e1:1', 0, 1],
      ['e2:1', 2, 3],
    ],
    1,
    0,
  ],
  [
    'there and back',
    [
      ['e1:1', 0, 1],
      ['e2:1', 2, 3],
      ['e1:1', 4, 5],
    ],
    2,
    0,
  ],
  [
    'a killed owner',
    [
      ['e1:1', 0, 1],
      ['trouble', 2],
      ['e2:1', 3, 4],
    ],
    0,
    1,
  ],
  [
    'a killed owner that is back',
    [
      ['e1:1', 0, 1],
      ['trouble', 2],
      ['recovery', 3],
      ['e1:2', 4, 5],
    ],
    0,
    1,
  ],
  [
    'trouble before the owner’s last answer',
    [
      ['trouble', 0],
      ['recovery', 1],
      ['e1:1', 2, 3],
      ['e2:1', 4, 5],
    ],
    1,
    0,
  ],
  [
    'the trouble of another edge',
    [
      ['e2:1', 0, 1],
      ['trouble', 2],
      ['e3:1', 3, 4],
    ],
    1,
    0,
  ],
  [
    'an answer that was on its way',
    [
      ['e1:1', 0, 1],
      ['trouble', 2],
      ['e2:1', 3, 9],
      ['e1:1', 1, 10],
    ],
    0,
    1,
  ],
  [
    'a process that began anew by itself',
    [
      ['e1:1', 0, 1],
      ['e1:2', 2, 3],
    ],
    1,
    0,
  ],
  [
    'two edges that answer a new key at once',
    [
      ['e1:1', 0, 2],
      ['e2:1', 1, 3],
    ],
    1,
    0,
  ],
] as const) {
  void test(`${what}: ${wrong} wrong, ${moved} moved`, () => {
    const referee = play(steps);
    assert.deepEqual([referee.wrong, referee.moved], [wrong, moved]);
  });
}
