/** Tables of what a session does: a row is a promise, what happened before, a command, and the effects it must have. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Command } from '../../edge/core/session-command.ts';
import { CoreSession, tell } from './oct-core.ts';

/** A number: so many milliseconds pass; a function: what follows from the session so far. */
type Step = Command | number | ((session: CoreSession) => Command);

interface Row {
  readonly promise: string;
  readonly given?: readonly Step[];
  readonly when: Step;
  readonly gives: readonly string[];
}

/** Declares a test for each row; all begin with `start`. */
export function testRows(name: string, start: readonly Step[], rows: readonly Row[]): void {
  void suite(name, () => {
    for (const { promise, given = [], when, gives } of rows) {
      test(promise, () => {
        const session = new CoreSession();
        for (const step of [...start, ...given]) play(session, step);
        assert.deepEqual(play(session, when), gives);
      });
    }
  });
}

export function play(session: CoreSession, step: Step): readonly string[] {
  if (typeof step === 'number') return session.wait(step).map(tell);
  return session.apply(typeof step === 'function' ? step(session) : step).map(tell);
}
