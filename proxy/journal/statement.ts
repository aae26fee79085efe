/**
 * Statements that follow from each other, written once for a database that answers at once and for one that is waited for: each step
 * yields a statement and goes on with what it gave.
 */
import type { SqlResult, SqlRunner, SqlValue } from '#shared/sql/sql-driver.ts';

export interface Statement {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

export type StepResult = Pick<SqlResult, 'rows' | 'changes'>;

export type Steps<T> = Generator<Statement, T, StepResult>;

export async function runSteps<T>(steps: Steps<T>, runner: SqlRunner): Promise<T> {
  let next = steps.next();
  while (next.done !== true) next = steps.next(await runner.run(next.value.text, next.value.values));
  return next.value;
}

export function runStepsAtOnce<T>(steps: Steps<T>, run: (statement: Statement) => StepResult): T {
  let next = steps.next();
  while (next.done !== true) next = steps.next(run(next.value));
  return next.value;
}
