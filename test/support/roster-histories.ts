/** Random histories of two edges on one store of rosters, against a model in a few lines. For any implementation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { openStores, recall, refAt } from '../../edge/store/roster-conformance.ts';
import type { OpenScene } from '../../edge/store/roster-conformance.ts';

const fenced = { kind: 'fenced' };
const written = { kind: 'written' };

interface Step {
  readonly by: number;
  readonly epoch: number;
  readonly birth: number;
  readonly kind: 'claim' | 'save' | 'end' | 'note';
}

const steps = fc.array(
  fc.record<Step>({
    by: fc.nat({ max: 1 }),
    epoch: fc.integer({ min: 1, max: 4 }),
    birth: fc.integer({ min: 1, max: 2 }),
    kind: fc.constantFrom('claim', 'save', 'end', 'note'),
  }),
  { maxLength: 30 },
);

/** The store in five lines: who owns the key, and what the owner left. */
class Model {
  epoch = 0;
  roster: [number, number] | undefined;
  requests: number[] | undefined;
  readonly ended = new Set<number>();

  play({ kind, epoch, birth }: Step, nth: number): object {
    if (kind === 'claim' ? epoch < this.epoch : epoch !== this.epoch) return fenced;
    if (kind === 'claim') this.epoch = epoch;
    if (kind === 'save') this.roster = [birth, nth];
    if (kind === 'note') this.requests = [nth];
    if (kind !== 'end') return kind === 'claim' ? this.recalled : written;
    this.ended.add(birth);
    if (this.roster?.[0] === birth) this.roster = this.requests = undefined;
    return written;
  }

  get recalled(): object {
    const ended = [...this.ended].toSorted((a, b) => a - b);
    return { roster: this.roster, requests: this.requests, ended };
  }
}

/** Declares the test. */
export function testRosterHistories(openScene: OpenScene): void {
  void test('in any history of two edges only the newest epoch writes, and nothing of it is lost', async (t) => {
    const { stores } = await openStores(t, openScene);
    let run = 0;
    const property = fc.asyncProperty(steps, async (history) => {
      const model = new Model();
      const key = `key-${run++}`;
      for (const [nth, step] of history.entries()) {
        const store = stores[step.by]!;
        const ref = refAt(step.epoch, key);
        const bytes = Uint8Array.of(nth);
        const expected = model.play(step, nth);
        const given = {
          claim: async () => await recall(store, ref),
          save: async () => await store.save(ref, { birth: step.birth, bytes }),
          end: async () => await store.end(ref, step.birth),
          note: async () => await store.saveRequests(ref, bytes),
        };
        assert.deepEqual(await given[step.kind](), expected);
      }
    });
    await fc.assert(property, { numRuns: 60 });
  });
}
