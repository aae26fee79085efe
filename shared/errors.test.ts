/** The table of errors keeps its own rules, and what goes outside carries no detail. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, errorBody, errorTable, toAppError } from './errors.ts';
import type { ErrorCode, ErrorEntry } from './errors.ts';

const entries = Object.entries(errorTable) as [ErrorCode, ErrorEntry][];

test('every status is one of an error, and every close code one that a server may send', () => {
  // RFC 6455 section 7.4: 1005, 1006 and 1015 never travel; 3000 and more are for applications.
  const sendable = [1001, 1007, 1008, 1009, 1011, 1012, 1013, 1014];
  for (const [code, { status, closeCode }] of entries) {
    assert.ok(status >= 400 && status <= 599, code);
    assert.ok(sendable.includes(closeCode) || (closeCode >= 4400 && closeCode <= 4499), code);
  }
});

test('who may come back is not told to stay away: 44xx makes y-websocket give up', () => {
  for (const [code, { retry, closeCode }] of entries) {
    if (retry !== 'never') assert.ok(closeCode < 4400, code);
  }
});

test('an application’s close code names the status', () => {
  for (const [code, { status, closeCode }] of entries) {
    if (closeCode >= 4400 && status !== 400) assert.equal(closeCode, 4000 + status, code);
  }
});

test('blame follows the status: an upstream’s fault is a gateway’s answer, and nobody else’s', () => {
  for (const [code, { source, status }] of entries) {
    assert.equal(source === 'upstream', status === 502 || status === 504, code);
    if (status >= 400 && status < 500 && status !== 421) assert.equal(source, 'downstream', code);
  }
});

test('what clients do never asks a person to act', () => {
  for (const [code, { source, level }] of entries) {
    if (source === 'downstream') assert.notEqual(level, 'error', code);
  }
});

test('every message is a sentence of its own', () => {
  const messages = entries.map(([, entry]) => entry.message);
  assert.equal(new Set(messages).size, messages.length);
  for (const message of messages) assert.match(message, /^[A-Z].*\.$/);
});

test('an error carries its code, cause and facts, and its message is the table’s', () => {
  const cause = new Error('detail');
  const error = new AppError('no-edge', { cause, facts: { edges: 0 } });
  assert.deepEqual([error.code, error.cause, error.facts], ['no-edge', cause, { edges: 0 }]);
  assert.equal(error.message, errorTable['no-edge'].message);
  assert.equal(error.entry, errorTable['no-edge']);
});

test('what is no error of the table becomes internal, with itself as the cause', () => {
  const error = new AppError('no-edge');
  assert.equal(toAppError(error), error);
  for (const thrown of [new Error('detail'), 'text', undefined, null]) {
    const wrapped = toAppError(thrown);
    assert.equal(wrapped.code, 'internal');
    assert.equal(wrapped.cause, thrown);
  }
});

test('the body tells code and message in the clients’ shape, with the exchange where there is one', () => {
  const body = { code: 'no-edge', message: errorTable['no-edge'].message, params: [] };
  assert.deepEqual(JSON.parse(errorBody('no-edge')), body);
  assert.deepEqual(JSON.parse(errorBody('no-edge', 'x1')), { ...body, exchange: 'x1' });
});
