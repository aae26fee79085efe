/** The question whether an edge takes an upgrade, where its client leaves before there is a connection to ask on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { HandoffQuestion } from './handoff-question.ts';
import type { QuestionEnd } from './handoff-question.ts';
import type { EdgeConnection } from './upstream-user.ts';

type Options = ConstructorParameters<typeof HandoffQuestion>[0];

test('a client that has left is not asked for on a connection that comes after that', () => {
  const ends: QuestionEnd[] = [];
  const calls: string[] = [];
  const pool = { acquire: () => undefined, acquireNew: () => calls.push('acquire'), cancel: () => undefined };
  const options = {
    scanner: { method: 'GET' },
    plan: {},
    pool,
    resolve: (end: QuestionEnd) => ends.push(end),
  };
  const question = new HandoffQuestion(options as unknown as Options);
  const connection = { write: () => calls.push('write'), destroy: () => calls.push('destroy') };
  question.start();
  question.abort(new AppError('client-left'));
  question.onReady(connection as unknown as EdgeConnection);
  question.onFailure({
    code: 'upstream-refused',
    reached: 'nothing',
    cause: new Error('closed'),
    isStale: true,
  });
  assert.deepEqual(calls, ['destroy']);
  assert.equal(ends.length, 1);
});
