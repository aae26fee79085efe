/** Where bodies end by what heads say: one answer, or none. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcesBody, answerFraming, requestFraming } from './body-framing.ts';

test('a request without a word on its body has none', () => {
  assert.deepEqual(requestFraming(['Host', 'h'], '1.1'), { kind: 'none' });
  assert.equal(announcesBody(requestFraming([], '1.1')), false);
  assert.equal(announcesBody(requestFraming(['Content-Length', '0'], '1.1')), false);
  assert.equal(announcesBody(requestFraming(['Content-Length', '1'], '1.1')), true);
});

test('a length is one plain number, a coding is chunked alone', () => {
  assert.deepEqual(requestFraming(['content-LENGTH', '007'], '1.0'), { kind: 'length', bytes: 7 });
  assert.deepEqual(requestFraming(['Transfer-Encoding', 'Chunked'], '1.1'), { kind: 'chunked' });
  const ambiguous: string[][] = [
    ['Content-Length', ''],
    ['Content-Length', '+1'],
    ['Content-Length', '1, 1'],
    ['Content-Length', '9'.repeat(16)],
    ['Content-Length', '1', 'content-length', '1'],
    ['Content-Length', '1', 'Transfer-Encoding', 'chunked'],
    ['Transfer-Encoding', ''],
    ['Transfer-Encoding', 'gzip, chunked'],
    ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'],
  ];
  for (const headers of ambiguous)
    assert.equal(requestFraming(headers, '1.1').kind, 'ambiguous', String(headers));
  assert.equal(requestFraming(['Transfer-Encoding', 'chunked'], '1.0').kind, 'ambiguous');
});

test('an answer may have no body by its kind, and lasts until the close where it says nothing', () => {
  const headers = ['Content-Length', '5'];
  const kindOf = (method: string, status: number, fields = headers): string =>
    answerFraming(method, { status, httpVersion: '1.1', headers: fields }).kind;
  assert.deepEqual(
    [kindOf('HEAD', 200), kindOf('GET', 204), kindOf('GET', 304), kindOf('GET', 103)],
    ['none', 'none', 'none', 'none'],
  );
  assert.equal(kindOf('GET', 200), 'length');
  assert.equal(kindOf('GET', 200, []), 'until-close');
  assert.equal(kindOf('GET', 200, ['Content-Length', 'x']), 'ambiguous');
});

test('a bad length is refused also where no body follows, for the client would get to see it', () => {
  const bad = [
    ['Content-Length', ''],
    ['Content-Length', ':1'],
    ['Content-Length', '0', 'Content-Length', ''],
    ['Content-Length', '5', 'content-length', '5'],
  ];
  const bodiless = [
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ] as const;
  for (const headers of bad) {
    for (const [method, status] of bodiless) {
      const framing = answerFraming(method, { status, httpVersion: '1.1', headers });
      assert.equal(framing.kind, 'ambiguous', `${method} ${status} ${headers.join()}`);
    }
  }
});
