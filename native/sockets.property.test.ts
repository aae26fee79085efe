/** Random scripts on many connections, in and between batches, with buffers of any size, against a model. */
import fc from 'fast-check';
import { test } from 'node:test';
import { NativeScene } from '../test/support/native-scene.ts';
import { NativeModel, actions } from '../test/support/native-model.ts';
import type { Step } from '../test/support/native-model.ts';

const connectionsMax = 6;

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...actions),
  n: fc.nat(connectionsMax - 1),
  m: fc.nat(connectionsMax - 1),
  size: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 400_000 })),
  inBatch: fc.boolean(),
});

const buffers = fc.record({
  readsBytes: fc.constantFrom(1_024, 5_000, 70_000, 1_048_576),
  eventsMax: fc.constantFrom(20, 64, 1_024),
});

test('whatever is done to the sockets, each end reads what the other wrote, to the end where nothing broke', async (t) => {
  await fc.assert(
    fc.asyncProperty(buffers, fc.array(step, { minLength: 5, maxLength: 80 }), async (sizes, script) => {
      const scene = new NativeScene(t, sizes);
      const model = await NativeModel.open(t, scene, connectionsMax);
      await model.run(script);
      scene.sockets.shutDown();
    }),
    // A script that hangs costs its deadline: shrinking it would take longer than anybody waits.
    { numRuns: 60, endOnFailure: true },
  );
});
