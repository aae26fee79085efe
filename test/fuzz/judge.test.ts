/** The fuzzer's own eyes: a front door that splits, mixes up or cuts messages is seen to do so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAnswer } from './answer-reader.ts';
import type { HttpCase } from './http-case.ts';
import { judgeCase } from './judge.ts';
import type { ClientView } from './raw-client.ts';
import { standardBody } from './recording-backend.ts';
import { readRequests } from './request-reader.ts';
import type { Sighting } from './sightings.ts';

const address = '127.1.0.1';
const head = 'POST /r0 HTTP/1.1\r\nHost: door.test\r\n';
const twoRequests = `${head}Content-Length: 5\r\n\r\nhelloGET /r1 HTTP/1.1\r\nHost: door.test\r\n\r\n`;

test('requests that were sent, answered in their turn, are no finding', () => {
  assert.deepEqual(
    judge(twoRequests, [seen('POST', '/r0', 'hello'), seen('GET', '/r1')], ok('POST /r0') + ok('GET /r1')),
    [],
  );
});

test('a request out of a body, another body and a request twice are splits', () => {
  const cases = [
    [seen('POST', '/r0', 'hello'), seen('GET', '/smuggled')],
    [seen('POST', '/r0', 'hell')],
    [seen('GET', '/r1'), seen('GET', '/r1')],
    [seen('POST', '/r0')],
  ];
  for (const forwarded of cases) assert.deepEqual(judge(twoRequests, forwarded, ''), ['split-differently']);
});

test('what a closing backend did not take may come again, where it is safe', () => {
  const unserved = { ...seen('GET', '/r1'), isServed: false };
  assert.deepEqual(judge(twoRequests, [unserved, seen('GET', '/r1')], ''), []);
  const post = { ...seen('POST', '/r0', 'hello'), isServed: false };
  assert.deepEqual(judge(twoRequests, [post, seen('POST', '/r0', 'hello')], ''), ['split-differently']);
});

test('a front door that asks again without end is seen', () => {
  const times = (count: number): Sighting[] =>
    Array.from({ length: count }, () => ({ ...seen('GET', '/r1'), isServed: false }));
  assert.deepEqual(judge(twoRequests, times(4), ''), []);
  assert.deepEqual(judge(twoRequests, times(5), ''), ['split-differently']);
});

test('a broken body that is forwarded as a whole one is a split, a part of it is none', () => {
  const cut = `${head}Content-Length: 5\r\n\r\nhel`;
  assert.deepEqual(judge(cut, [seen('POST', '/r0', 'hel')], ''), ['split-differently']);
  assert.deepEqual(judge(cut, [{ ...seen('POST', '/r0', 'he'), isWhole: false }], ''), []);
});

test('answers out of turn are wrong', () => {
  assert.deepEqual(judge(twoRequests, [], ok('GET /r1') + ok('POST /r0')), ['answer-wrong', 'answer-wrong']);
});

test('an answer that a backend cut must not reach the client as a whole one', () => {
  const said = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello';
  const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
  assert.deepEqual(judgeAnswer(said, whole), ['answer-wrong']);
  assert.deepEqual(judgeAnswer(said, said), []);
  assert.deepEqual(judgeAnswer(whole, whole), []);
  assert.deepEqual(judgeAnswer(whole, whole.replace('hello', 'stale')), ['answer-wrong']);
});

test('damaged framing is no message to the strict reader', () => {
  const bodies = {
    'length beside chunked': 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'transfer coding': 'Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    length: 'Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello',
    'header line': 'Content-Length : 5\r\n\r\nhello',
    'chunk size': 'Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n',
    'chunk end': 'Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n',
    trailer: 'Transfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n',
  };
  for (const [reason, body] of Object.entries(bodies)) {
    const { requests, tail } = readRequests(Buffer.from(head + body, 'latin1'));
    assert.deepEqual([requests.length, tail.kind, 'reason' in tail && tail.reason], [0, 'fault', reason]);
  }
});

function judge(sent: string, forwarded: readonly Sighting[], received: string): string[] {
  const meant = readRequests(Buffer.from(sent, 'latin1'));
  const methods = meant.requests.map(({ method }) => method);
  const item = { ...plainCase, writes: [Buffer.from(sent, 'latin1')] };
  return judgeCase(item, meant, forwarded, viewOf(received, methods)).findings.map(({ class: name }) => name);
}

function judgeAnswer(said: string, received: string): string[] {
  const sent = Buffer.from('GET /answer HTTP/1.1\r\nHost: door.test\r\n\r\n');
  const answer = { method: 'GET', writes: [Buffer.from(said)], closes: true };
  const view = viewOf(received, ['GET']);
  const item = { ...plainCase, writes: [sent], answer };
  return judgeCase(item, readRequests(sent), [], view).findings.map(({ class: name }) => name);
}

const plainCase: HttpCase = {
  protocol: 'http',
  seed: 1,
  number: 0,
  address,
  writes: [],
  ending: 'waits',
  answer: undefined,
};

function seen(method: string, target: string, body = ''): Sighting {
  const bytes = Buffer.from(`${method} ${target}`);
  return {
    method,
    target,
    keys: [],
    body: Buffer.from(body),
    bytes,
    closes: false,
    isServed: true,
    isWhole: true,
  };
}

function ok(request: string): string {
  const [method, target] = request.split(' ');
  const body = standardBody(address, method!, target!);
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function viewOf(received: string, methods: readonly string[]): ClientView {
  const bytes = Buffer.from(received, 'latin1');
  const answers: ClientView['answers'][number][] = [];
  for (;;) {
    const from = answers.at(-1)?.end ?? 0;
    if (from >= bytes.length) return { answers, rest: { kind: 'nothing' }, end: 'closed', bytes };
    const reading = readAnswer(bytes, from, methods[answers.length] ?? '', true);
    if (reading.kind !== 'answer') return { answers, rest: reading, end: 'closed', bytes };
    answers.push(reading.answer);
  }
}
