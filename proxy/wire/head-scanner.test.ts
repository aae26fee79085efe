/** Heads on bytes: the grammar, and the same result however a head is split over reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HeadFault, HeadScanner } from './head-scanner.ts';
import { RequestScanner } from './request-head.ts';
import { ResponseScanner } from './response-head.ts';

const bounds = { headMaxBytes: 4_096, fieldsMax: 20 };
const request =
  'POST /a/b?c=d HTTP/1.1\r\nHost: example.org:80\r\nX-Empty:\r\nX-Spaces: \t a  b \t\r\nx-raw:\xe9\r\n\r\n';
const response = 'HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n\r\n';

interface Read {
  readonly kind: 'complete' | 'wants-more' | HeadFault;
  readonly end: number;
  readonly headers: readonly string[];
  readonly line: readonly unknown[];
}

function read(scanner: HeadScanner, pieces: readonly string[]): Read {
  let length = 0;
  for (const piece of pieces) {
    const at = scanner.read(Buffer.from(piece, 'latin1'), 0);
    if (at === -2) return { kind: scanner.fault, end: 0, headers: [], line: [] };
    if (at >= 0)
      return { kind: 'complete', end: length + at, headers: scanner.headers(), line: lineOf(scanner) };
    length += piece.length;
  }
  return { kind: 'wants-more', end: 0, headers: [], line: [] };
}

function lineOf(scanner: HeadScanner): unknown[] {
  if (scanner instanceof RequestScanner) return [scanner.method, scanner.target, scanner.httpVersion];
  const { status, reason, httpVersion } = scanner as ResponseScanner;
  return [status, reason, httpVersion];
}

function splitAt(text: string, at: number): string[] {
  return [text.slice(0, at), text.slice(at)].filter((piece) => piece !== '');
}

test('a request head split at every byte is read the same, and what follows is left alone', () => {
  const expected = {
    kind: 'complete',
    end: request.length,
    headers: ['host', 'example.org:80', 'x-empty', '', 'x-spaces', 'a  b', 'x-raw', '\xe9'],
    line: ['POST', '/a/b?c=d', '1.1'],
  };
  const bytes = `${request}GET /next`;
  for (let at = 0; at <= bytes.length; at++) {
    assert.deepEqual(read(new RequestScanner(bounds), splitAt(bytes, at)), expected, `split at ${at}`);
  }
  assert.deepEqual(read(new RequestScanner(bounds), Array.from(bytes)), expected);
});

test('a response head split at every byte is read the same', () => {
  const expected = {
    kind: 'complete',
    end: response.length,
    headers: ['content-length', '3', 'set-cookie', 'a=1', 'set-cookie', 'b=2'],
    line: [404, 'Not Found', '1.1'],
  };
  for (let at = 0; at <= response.length; at++) {
    assert.deepEqual(read(new ResponseScanner(bounds), splitAt(response, at)), expected, `split at ${at}`);
  }
  assert.deepEqual(read(new ResponseScanner(bounds), Array.from(response)), expected);
});

test('a scanner that was reset reads the next head as if it were the first', () => {
  const scanner = new RequestScanner(bounds);
  read(scanner, [request]);
  scanner.reset();
  assert.equal(scanner.hasBegun, false);
  const next = 'GET / HTTP/1.0\r\n\r\n';
  assert.deepEqual(read(scanner, [next]), {
    kind: 'complete',
    end: next.length,
    headers: [],
    line: ['GET', '/', '1.0'],
  });
});

test('an answer may leave its reason out, and the space before it', () => {
  for (const line of ['HTTP/1.1 200 \r\n\r\n', 'HTTP/1.1 200\r\n\r\n']) {
    assert.deepEqual(read(new ResponseScanner(bounds), [line]).line, [200, '', '1.1']);
    assert.deepEqual(read(new ResponseScanner(bounds), Array.from(line)).line, [200, '', '1.1']);
  }
});

test('one empty line before a request is read over, a second is not', () => {
  assert.equal(read(new RequestScanner(bounds), [`\r\n${request}`]).kind, 'complete');
  assert.equal(read(new RequestScanner(bounds), [`\r\n\r\n${request}`]).kind, 'malformed');
});

test('what breaks the grammar is refused at its first byte, without waiting for the end', () => {
  const field = (line: string): string => `GET / HTTP/1.1\r\n${line}`;
  const heads = [
    '\x16\x03\x01',
    'STEAL ',
    'get ',
    'GET  ',
    'GET /\xe9',
    'GET /x\r',
    'GET /x HTTP/1.9',
    'GET /x HTTP/2',
    'GET /x http',
    'GET /x HTTP/1.1\n',
    'GET /x HTTP/1.1 ',
    field(' '),
    field('\t'),
    field(':'),
    field('X-A '),
    field('X-A\r'),
    field('X(A'),
    field('X-A: 1\n'),
    field('X-A: 1\rX'),
    field('X-A: 1\r\n '),
    field('X-A: 1\0'),
    field('X-A: \x7f'),
    field('X-\xe9'),
    field('\r\r'),
    'A'.repeat(40),
  ];
  for (const head of heads) {
    assert.equal(read(new RequestScanner(bounds), [head]).kind, 'malformed', JSON.stringify(head));
    assert.equal(read(new RequestScanner(bounds), Array.from(head)).kind, 'malformed', JSON.stringify(head));
  }
  for (const head of [
    'HTTP/1.1 20x',
    'HTTP/1.1 2000',
    'HTTP/1.1 000',
    'HTTP/1.1  ',
    'ICY 200',
    'HTTP/1.1 200 OK\n',
  ]) {
    assert.equal(read(new ResponseScanner(bounds), [head]).kind, 'malformed', JSON.stringify(head));
  }
});

test('a head has a bound in bytes and one in fields, met exactly', () => {
  const bytesFor = (length: number): string => {
    const rest = 'GET / HTTP/1.1\r\nX: \r\n\r\n';
    return rest.replace('X: ', `X: ${'a'.repeat(length - rest.length)}`);
  };
  assert.equal(read(new RequestScanner(bounds), [bytesFor(4_096)]).kind, 'complete');
  assert.equal(read(new RequestScanner(bounds), [bytesFor(4_097)]).kind, 'too-large');
  assert.equal(read(new RequestScanner(bounds), Array.from(bytesFor(4_097))).kind, 'too-large');
  const fields = (count: number): string => `GET / HTTP/1.1\r\n${'a:\r\n'.repeat(count)}\r\n`;
  assert.equal(read(new RequestScanner(bounds), [fields(20)]).kind, 'complete');
  assert.equal(read(new RequestScanner(bounds), [fields(21)]).kind, 'too-many-fields');
});

test('lines are taken out of a head without a change to the others', () => {
  const scanner = new RequestScanner(bounds);
  read(scanner, [request]);
  const lines = request.slice(request.indexOf('\r\n') + 2, -2);
  assert.equal(scanner.linesWithout([]), lines);
  assert.equal(scanner.linesWithout([0, 1, 2, 3]), '');
  assert.equal(scanner.linesWithout([1, 3]), 'Host: example.org:80\r\nX-Spaces: \t a  b \t\r\n');
  assert.equal(scanner.linesWithout([0, 2]), 'X-Empty:\r\nx-raw:\xe9\r\n');
});

const part = fc.oneof(
  fc.constantFrom(
    'GET ',
    '/ ',
    'HTTP/1.1',
    '\r\n',
    'HTTP/1.1 200 OK\r\n',
    'A: b\r\n',
    'Host:',
    ' ',
    '\r',
    '\n',
    ':',
  ),
  fc.string({ unit: 'binary-ascii', maxLength: 8 }),
);

test('any bytes, split anyhow, give one result, and nothing throws', () => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 30 }), fc.boolean(), fc.nat(), (parts, isRequest, seed) => {
      const text =
        (isRequest ? 'GET / HTTP/1.1\r\n' : 'HTTP/1.1 200 OK\r\n').repeat(seed % 2) + parts.join('');
      const make = (): HeadScanner => (isRequest ? new RequestScanner(bounds) : new ResponseScanner(bounds));
      const whole = read(make(), text === '' ? [] : [text]);
      assert.deepEqual(read(make(), splitAt(text, text === '' ? 0 : seed % text.length)), whole);
      assert.deepEqual(read(make(), Array.from(text)), whole);
    }),
    { numRuns: 3_000 },
  );
});
