/** Random histories for a directory of any store: it must answer each as the model in memory does. */
import { test } from 'node:test';
import fc from 'fast-check';
import { openOne } from '../../proxy/directory/conformance-store.ts';
import type { OpenStore } from '../../proxy/directory/conformance-store.ts';
import { DirectoryHistory } from '../../proxy/directory/directory-model.ts';
import type { DirectoryCommand } from '../../proxy/directory/directory-model.ts';

const edge = fc.nat(2);
const key = fc.nat(3);
/** Mostly the current incarnation, sometimes the one before. */
const back = fc.constantFrom(0, 0, 0, 1);
const stale = fc.constantFrom(false, false, true);

const command: fc.Arbitrary<DirectoryCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('register'), edge, boot: fc.nat(2) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom('renew', 'gone', 'drain', 'up', 'isOver'), edge, back }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('insert'), key, edge, back }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('move'), key, edge, back, stale }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('hand-over'), key, edge, back, stale }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('idle', 'live'), key, stale }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('find'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep') }) },
);

/** Declares the test. */
export function testDirectoryHistories(openStore: OpenStore): void {
  test('any history of registrations, placements, moves and ends is answered as the model answers it', async (t) => {
    const directory = await openOne(t, openStore);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 60 }), async (commands) => {
        await new DirectoryHistory(directory, `run${run++}-`).play(commands);
      }),
      { numRuns: 200 },
    );
  });
}
