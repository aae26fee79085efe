/** What becomes of operations that fail: a refusal is the caller's business, a fault of ours is told with its cause. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import { joinOperations, nothing } from './operation.ts';
import type { Act } from './operation.ts';

const described = {
  role: 'admin',
  query: nothing,
  body: nothing,
  answer: z.unknown(),
  refusals: [],
} as const;
const table = {
  look: { ...described, method: 'GET', path: '/admin/look', summary: 'Fails.' },
  act: { ...described, method: 'POST', path: '/admin/act', summary: 'Fails.' },
  refuse: { ...described, method: 'POST', path: '/admin/refuse', summary: 'Refuses.' },
} as const;
const caller = { role: 'admin', name: 'ada', via: 'socket' } as const;

test('the cause of a fault is told once, with what was asked; a refusal has none', async () => {
  const acts: Act[] = [];
  const faults: [string, unknown][] = [];
  const broken = new TypeError('broken');
  const fail = (): never => {
    throw broken;
  };
  const refuse = (): never => {
    throw new AppError('edge-unknown');
  };
  const operations = joinOperations(
    table,
    { look: fail, act: fail, refuse },
    { audit: (act) => acts.push(act), fault: (operation, error) => faults.push([operation, error]) },
  );
  for (const { handle } of operations)
    await assert.rejects(async () => handle({ query: new URLSearchParams(), body: {}, caller }));
  assert.deepEqual(faults, [
    ['look', broken],
    ['act', broken],
  ]);
  assert.deepEqual(
    acts.map(({ operation, code }) => [operation, code]),
    [
      ['act', 'internal'],
      ['refuse', 'edge-unknown'],
    ],
  );
});
