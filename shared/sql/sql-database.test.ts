/** How often a call is tried, and how many wait, on a driver that answers as it is told: no server fails on command so exactly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../../test/support/oct-inbox.ts';
import { AppError } from '../errors.ts';
import type { SqlConnection, SqlDriver, SqlFailure, SqlRunner } from './sql-driver.ts';
import { SqlDatabase } from './sql-database.ts';
import { StandingLooks } from './standing-looks.ts';

interface Scripted {
  readonly database: SqlDatabase;
  /** Statements that reached the driver, in their order. */
  readonly statements: string[];
}

interface Script {
  /** For each statement, by its text and how often it came. */
  readonly fail: (statement: string, times: number) => SqlFailure | undefined;
  /** Before each answer. */
  readonly wait?: (statement: string, times: number) => Promise<void> | undefined;
  readonly prepare?: (sql: SqlRunner) => Promise<void>;
  /** At once unless given. */
  readonly look?: () => Promise<void>;
  readonly nowMs?: () => number;
  readonly onDestroy?: () => void;
}

function openScripted(script: Script): Scripted {
  const { fail, wait, prepare, look, nowMs = () => performance.now(), onDestroy } = script;
  const statements: string[] = [];
  const connection: SqlConnection = {
    isNew: false,
    run: async (statement) => {
      statements.push(statement);
      const times = statements.filter((other) => other === statement).length;
      await wait?.(statement, times);
      const failure = fail(statement, times);
      if (failure !== undefined) throw Object.assign(new Error(`${failure} as told`), { failure });
      return { rows: [], changes: 1, insertId: 0 };
    },
    release: () => undefined,
    destroy: () => onDestroy?.(),
  };
  const driver: SqlDriver = {
    dialect: 'postgres',
    connect: async () => await Promise.resolve(connection),
    look: async () => await look?.(),
    judge: (error) => (error as { failure: SqlFailure }).failure,
    close: async () => await Promise.resolve(),
  };
  const looks = new StandingLooks({ driver, nowMs });
  // Another store of the process.
  looks.join(() => undefined);
  const database = new SqlDatabase({
    driver,
    looks,
    connectionsMax: 2,
    callsMax: 3,
    failureCode: 'directory-unavailable',
    prepare: prepare ?? (async () => await Promise.resolve()),
    nowMs,
    random: () => 0,
  });
  return { database, statements };
}

const isUnavailable = (error: unknown): boolean =>
  error instanceof AppError && error.code === 'directory-unavailable';

test('what the database gave up for another transaction is done again from its beginning', async () => {
  const { database, statements } = openScripted({
    fail: (statement, times) => (statement === 'second' && times < 3 ? 'again' : undefined),
  });
  await database.transaction(async (sql) => {
    await sql.run('first');
    await sql.run('second');
  });
  const oneTry = ['BEGIN', 'first', 'second', 'ROLLBACK'];
  assert.deepEqual(statements, [...oneTry, ...oneTry, 'BEGIN', 'first', 'second', 'COMMIT']);
});

test('what the database gives up each time fails after six tries', async () => {
  const { database, statements } = openScripted({ fail: () => 'again' });
  await assert.rejects(database.run('contested'), isUnavailable);
  assert.equal(statements.length, 6);
});

test('a connection that breaks is replaced once, and what the database refuses is not tried again', async () => {
  const broken = openScripted({ fail: () => 'lost' });
  await assert.rejects(broken.database.run('any'), isUnavailable);
  assert.equal(broken.statements.length, 2);
  const refused = openScripted({ fail: () => 'refused' });
  await assert.rejects(refused.database.run('any'), isUnavailable);
  assert.equal(refused.statements.length, 1);
});

test('one call more than may wait is refused at once, and there is room when one has ended', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { database } = openScripted({ fail: () => undefined, wait: async () => await promise });
  const calls = ['one', 'two', 'three'].map(async (name) => await database.run(name));
  await assert.rejects(database.run('four'), isUnavailable);
  resolve();
  await Promise.all(calls);
  await database.run('five');
});

test('while the database is down two calls at most wait for a look, and go on when that has its answer', async () => {
  let nowMs = 0;
  let isDown = true;
  let looks = 0;
  const hang = Promise.withResolvers<void>();
  const { database, statements } = openScripted({
    fail: () => (isDown ? 'lost' : undefined),
    look: async () => {
      looks++;
      await hang.promise;
    },
    nowMs: () => nowMs,
  });
  await assert.rejects(database.run('first'), isUnavailable);
  nowMs += 2_500;
  const waiting = database.run('waits');
  await eventually(() => looks === 1, 'a look is under way');
  nowMs += 1_400;
  await assert.rejects(database.run('too early'), isUnavailable);
  nowMs += 100;
  const waitingToo = database.run('waits too');
  await eventually(() => looks === 2, 'another one is under way beside it');
  nowMs += 10_000;
  await assert.rejects(database.run('one too many'), isUnavailable);
  isDown = false;
  hang.resolve();
  await Promise.all([waiting, waitingToo]);
  assert.equal(database.isDown, false);
  assert.deepEqual(statements.slice(2).toSorted(), ['waits', 'waits too']);
});

test('a call that is late when its store is closed gives its connection up, and the pool can end', async () => {
  let destroyed = 0;
  const { database, statements } = openScripted({
    fail: () => undefined,
    wait: async () => await new Promise(() => undefined),
    onDestroy: () => destroyed++,
  });
  const calling = database.run('late');
  await eventually(() => statements.length === 1, 'it is under way');
  await database.close();
  await assert.rejects(calling, isUnavailable);
  assert.equal(destroyed, 1);
});

test('a call whose look fails does not wait for another one', async () => {
  let nowMs = 0;
  const { database, statements } = openScripted({
    fail: () => 'lost',
    look: async () => await Promise.reject(new Error('refused')),
    nowMs: () => nowMs,
  });
  await assert.rejects(database.run('first'), isUnavailable);
  nowMs += 2_500;
  await assert.rejects(database.run('look'), isUnavailable);
  assert.deepEqual(statements, ['first', 'first']);
});

test('a look that hangs amid the preparation of the database holds up none that comes later', async () => {
  let nowMs = 0;
  let fails = true;
  const hang = Promise.withResolvers<void>();
  const { database, statements } = openScripted({
    fail: () => (fails ? 'lost' : undefined),
    prepare: async (sql) => await sql.run('prepare').then(() => undefined),
    wait: async (statement, times) =>
      statement === 'prepare' && times === 5 ? await hang.promise : undefined,
    nowMs: () => nowMs,
  });
  await assert.rejects(database.run('first'), isUnavailable);
  nowMs += 2_500;
  const held = database.run('held');
  await eventually(() => statements.length === 5, 'the preparation hangs');
  fails = false;
  nowMs += 1_500;
  await database.run('beside it');
  assert.equal(database.isDown, false);
  hang.resolve();
  await held;
  assert.deepEqual(statements.slice(4), ['prepare', 'prepare', 'beside it', 'held']);
});

test('a transaction that is over its time sends nothing more when its answer comes late', async () => {
  let nowMs = 0;
  const hang = Promise.withResolvers<void>();
  const { database, statements } = openScripted({
    fail: () => undefined,
    wait: async (statement) => (statement === 'first' ? await hang.promise : undefined),
    prepare: async (sql) => await sql.run('prepare').then(() => undefined),
    nowMs: () => nowMs,
  });
  await database.open();
  const late = database.transaction(async (sql) => {
    await sql.run('first');
    await sql.run('second');
  });
  nowMs += 3_000;
  await assert.rejects(late, isUnavailable);
  assert.equal(database.isDown, true);
  hang.resolve();
  await eventually(() => !database.isDown, 'its late answer has told that the database is there');
  assert.deepEqual(statements, ['prepare', 'BEGIN', 'first', 'ROLLBACK', 'prepare']);
});
