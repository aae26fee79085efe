/** Every reason for which an edge refuses what a front door sends it, and what it lets in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { judgeAdmission } from './admission.ts';
import type { AdmissionContext, AdmissionInput } from './admission.ts';

const input: AdmissionInput = { pass: 'the pass', owner: 'edge-1:3', key: 'session', epoch: '7' };
const known = new Map<string, number>([['session', 7]]);
const context: AdmissionContext = {
  pass: 'the pass',
  owner: 'edge-1:3',
  mayServe: true,
  isStopping: false,
  epochOf: (key) => known.get(key) as Epoch | undefined,
};

const refusals: readonly (readonly [string, Partial<AdmissionInput>, Partial<AdmissionContext>, string])[] = [
  ['no pass', { pass: '' }, {}, 'pass-missing'],
  ['a wrong pass', { pass: 'the Pass' }, {}, 'pass-missing'],
  ['no key', { key: '' }, {}, 'key-invalid'],
  ['a key with a slash', { key: 'a/b' }, {}, 'key-invalid'],
  ['epoch 0', { epoch: '0' }, {}, 'key-invalid'],
  ['an epoch that is no number', { epoch: '7x' }, {}, 'key-invalid'],
  ['another edge', { owner: 'edge-2:3' }, {}, 'wrong-edge'],
  ['another incarnation', { owner: 'edge-1:2' }, {}, 'wrong-edge'],
  ['an edge that has no incarnation yet', {}, { owner: undefined }, 'wrong-edge'],
  ['a lower epoch', { epoch: '6' }, {}, 'stale-epoch'],
  ['a lapsed lease', {}, { mayServe: false }, 'fenced'],
  ['an edge that leaves', {}, { isStopping: true }, 'edge-leaving'],
  ['a wrong pass at an edge without a lease', { pass: 'x' }, { mayServe: false }, 'pass-missing'],
];

for (const [what, changedInput, changedContext, code] of refusals) {
  test(`${what} is refused with ${code}`, () => {
    const result = judgeAdmission({ ...input, ...changedInput }, { ...context, ...changedContext });
    assert.deepEqual(result, { kind: 'refused', code });
  });
}

test('the epoch that is known goes on, a higher one outdates what the edge remembers, a new key has nothing to outdate', () => {
  const admit = (changed: Partial<AdmissionInput>): unknown =>
    judgeAdmission({ ...input, ...changed }, context);
  const admitted = { kind: 'admitted', key: 'session' as AffinityKey };
  assert.deepEqual(admit({}), { ...admitted, epoch: 7, outdatesSession: false });
  assert.deepEqual(admit({ epoch: '8' }), { ...admitted, epoch: 8, outdatesSession: true });
  assert.deepEqual(admit({ key: 'other', epoch: '1' }), {
    ...admitted,
    key: 'other',
    epoch: 1,
    outdatesSession: false,
  });
});
