/** What the gate lets in and what it refuses: one line per attack, and properties over hostile heads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ErrorCode } from '#shared/errors.ts';
import { judgeRequest } from './request-gate.ts';
import type { RequestHead } from './request-gate.ts';

function head(over: Partial<RequestHead> & { more?: readonly string[] } = {}): RequestHead {
  const { more = [], ...rest } = over;
  return {
    method: 'GET',
    target: '/',
    httpVersion: '1.1',
    headers: ['Host', 'example.org', ...more],
    isUpgrade: false,
    ...rest,
  };
}

const limits = { targetMaxBytes: 2_000, bodyMaxBytes: 1_000 };

const attacks: readonly (readonly [attack: string, code: ErrorCode, head: RequestHead])[] = [
  ['no Host on HTTP/1.1', 'host-invalid', head({ headers: [] })],
  ['two Hosts', 'host-invalid', head({ more: ['host', 'example.org'] })],
  ['two Hosts in different case', 'host-invalid', head({ more: ['HOST', 'evil.example'] })],
  ['an empty Host', 'host-invalid', head({ headers: ['host', ''] })],
  ['a Host with user information', 'host-invalid', head({ headers: ['host', 'a@example.org'] })],
  ['a Host with a path', 'host-invalid', head({ headers: ['host', 'example.org/x'] })],
  ['a Host with a space', 'host-invalid', head({ headers: ['host', 'example.org evil'] })],
  ['a Host with a quote', 'host-invalid', head({ headers: ['host', 'a"b'] })],
  ['a Host with a port that is no number', 'host-invalid', head({ headers: ['host', 'a:8o'] })],
  ['a list of Hosts in one header', 'host-invalid', head({ headers: ['host', 'a, b'] })],
  ['a target of another host', 'host-invalid', head({ target: 'http://evil.example/' })],
  ['a target of another port', 'host-invalid', head({ target: 'http://example.org:81/' })],
  ['a target with user information', 'host-invalid', head({ target: 'http://a@example.org/' })],
  ['a target of another scheme', 'request-malformed', head({ target: 'ftp://example.org/' })],
  [
    'an absolute target on HTTP/1.0 without a Host',
    'host-invalid',
    head({ target: 'http://example.org/', headers: [], httpVersion: '1.0' }),
  ],
  ['a target without a slash', 'request-malformed', head({ target: 'x' })],
  ['an empty target', 'request-malformed', head({ target: '' })],
  ['the target *', 'request-malformed', head({ method: 'OPTIONS', target: '*' })],
  ['a target that is too long', 'target-too-long', head({ target: `/${'a'.repeat(2_000)}` })],
  ['a body that is too large', 'body-too-large', body('content-length', '1001')],
  ['dot segments behind an encoded slash', 'request-malformed', head({ target: '/a%2f../b' })],
  ['dot segments with parameters', 'request-malformed', head({ target: '/a/..;x/b' })],
  ['an encoded NUL in the path', 'request-malformed', head({ target: '/a%00b' })],
  ['a percent sign that encodes nothing', 'request-malformed', head({ target: '/a%zzb' })],
  ['a Host with two dots in a row', 'host-invalid', head({ headers: ['host', 'a..b'] })],
  ['a Host with a comma', 'host-invalid', head({ headers: ['host', 'a,b'] })],
  ['a Host with a port beyond all ports', 'host-invalid', head({ headers: ['host', 'a:65536'] })],
  ['a Host that is no IPv6 address', 'host-invalid', head({ headers: ['host', '[:::]'] })],
  ['two Authorization', 'header-refused', head({ more: ['authorization', 'a', 'Authorization', 'a'] })],
  ['a fragment in the target', 'request-malformed', head({ target: '/a#b' })],
  ['a backslash in the target', 'request-malformed', head({ target: '/a\\b' })],
  ['a control character in the target', 'request-malformed', head({ target: '/a\u0000b' })],
  ['a space in the target', 'request-malformed', head({ target: '/a b' })],
  ['a raw byte above ASCII in the target', 'request-malformed', head({ target: '/\u00e9' })],
  ['dot segments', 'request-malformed', head({ target: '/a/../b' })],
  ['dot segments at the end', 'request-malformed', head({ target: '/a/..' })],
  ['one dot as a segment', 'request-malformed', head({ target: '/./a' })],
  ['encoded dot segments', 'request-malformed', head({ target: '/%2E%2e/a' })],
  ['half-encoded dot segments', 'request-malformed', head({ target: '/.%2e/a' })],
  ['dot segments in an absolute target', 'request-malformed', head({ target: 'http://example.org/../a' })],
  ['CONNECT', 'request-malformed', head({ method: 'CONNECT', target: 'example.org:443' })],
  ['two lengths', 'framing-ambiguous', body('content-length', '5', 'content-length', '5')],
  ['two lengths in one header', 'framing-ambiguous', body('content-length', '5, 5')],
  ['a signed length', 'framing-ambiguous', body('content-length', '+5')],
  ['a negative length', 'framing-ambiguous', body('content-length', '-5')],
  ['a hexadecimal length', 'framing-ambiguous', body('content-length', '0x5')],
  ['a length with an exponent', 'framing-ambiguous', body('content-length', '5e1')],
  ['an empty length', 'framing-ambiguous', body('content-length', '')],
  ['a length past every integer', 'framing-ambiguous', body('content-length', '9'.repeat(17))],
  [
    'a length beside a coding',
    'framing-ambiguous',
    body('content-length', '5', 'transfer-encoding', 'chunked'),
  ],
  ['a coding before HTTP/1.1', 'framing-ambiguous', body10('transfer-encoding', 'chunked')],
  ['two codings', 'framing-ambiguous', body('transfer-encoding', 'gzip, chunked')],
  ['chunked twice', 'framing-ambiguous', body('transfer-encoding', 'chunked, chunked')],
  ['chunked twice in two headers', 'framing-ambiguous', twoCodings('chunked')],
  ['a second coding in another header', 'framing-ambiguous', twoCodings('identity')],
  ['identity', 'framing-ambiguous', body('transfer-encoding', 'identity')],
  ['a coding that looks like chunked', 'framing-ambiguous', body('transfer-encoding', 'xchunked')],
  ['a quoted coding', 'framing-ambiguous', body('transfer-encoding', '"chunked"')],
  ['a vertical tab before the coding', 'framing-ambiguous', body('transfer-encoding', '\u000bchunked')],
  ['a no-break space after the coding', 'framing-ambiguous', body('transfer-encoding', 'chunked\u00a0')],
  ['an empty coding', 'framing-ambiguous', body('transfer-encoding', '')],
  ['a coding that is only a comma', 'framing-ambiguous', body('transfer-encoding', ',')],
  [
    'an empty coding beside a length',
    'framing-ambiguous',
    body('content-length', '5', 'transfer-encoding', ''),
  ],
  ['a body on an upgrade', 'framing-ambiguous', { ...body('content-length', '5'), isUpgrade: true }],
  [
    'a chunked body on an upgrade',
    'framing-ambiguous',
    { ...body('transfer-encoding', 'chunked'), isUpgrade: true },
  ],
  ['a body on TRACE', 'framing-ambiguous', { ...body('content-length', '5'), method: 'TRACE' }],
  ['Content_Length', 'header-refused', head({ more: ['Content_Length', '5'] })],
  ['Transfer_Encoding', 'header-refused', head({ more: ['transfer_encoding', 'chunked'] })],
  ['an alias of an internal header', 'header-refused', head({ more: ['X_CT_Pass', 'x'] })],
  ['a half alias of an internal header', 'header-refused', head({ more: ['x-ct_pass', 'x'] })],
  ['an alias of X-Forwarded-For', 'header-refused', head({ more: ['X_Forwarded_For', '1.2.3.4'] })],
  ['an alias of the token header', 'header-refused', head({ more: ['x_oct_jwt', 'x'] })],
  ['an alias of Sec-WebSocket-Key', 'header-refused', head({ more: ['Sec_WebSocket_Key', 'x'] })],
  ['Connection: host', 'header-refused', head({ more: ['Connection', 'close, Host'] })],
  ['Connection: content-length', 'header-refused', head({ more: ['connection', 'Content-Length'] })],
  ['Connection: ctstickiness', 'header-refused', head({ more: ['connection', 'ctstickiness'] })],
  ['Connection: cookie', 'header-refused', head({ more: ['connection', 'cookie'] })],
  ['Connection: authorization', 'header-refused', head({ more: ['connection', 'x, authorization'] })],
  ['Connection: x-oct-jwt in a second line', 'header-refused', connections('close', 'x-oct-jwt')],
];

function body(...more: string[]): RequestHead {
  return head({ method: 'POST', more });
}

function body10(...more: string[]): RequestHead {
  return { ...body(...more), httpVersion: '1.0' };
}

function twoCodings(second: string): RequestHead {
  return body('transfer-encoding', 'chunked', 'Transfer-Encoding', second);
}

function connections(...values: string[]): RequestHead {
  return head({ more: values.flatMap((value) => ['connection', value]) });
}

for (const [attack, code, attacking] of attacks) {
  test(`refused: ${attack}`, () => {
    const result = judgeRequest(attacking, limits);
    assert.equal(result.kind === 'refused' ? result.code : result.kind, code);
  });
}

const welcome: readonly (readonly [what: string, head: RequestHead, target: string])[] = [
  ['a plain request', head({ target: '/a/b?c=d' }), '/a/b?c=d'],
  ['a Host with a port', head({ headers: ['host', 'example.org:8080'] }), '/'],
  ['a Host that is an absolute name', head({ headers: ['host', 'a_b.example.org.'] }), '/'],
  ['a body as large as it may be', body('content-length', '1000'), '/'],
  ['an absolute target with the default port', head({ target: 'http://example.org:80/a' }), '/a'],
  ['escapes in the path', head({ target: '/a%20b%2Fc%2e%2e%2e' }), '/a%20b%2Fc%2e%2e%2e'],
  ['a bad escape in the query', head({ target: '/a?b=%zz%' }), '/a?b=%zz%'],
  ['an IPv6 Host', head({ headers: ['host', '[::1]:8080'] }), '/'],
  ['no Host on HTTP/1.0', head({ headers: [], httpVersion: '1.0' }), '/'],
  ['an absolute target of the same host', head({ target: 'http://EXAMPLE.org/a?b' }), '/a?b'],
  ['an absolute target without a path', head({ target: 'http://example.org' }), '/'],
  ['an absolute target with only a query', head({ target: 'http://example.org?a=b' }), '/?a=b'],
  ['one length', body('content-length', '5'), '/'],
  [
    'an upgrade with a length of nothing',
    { ...head({ more: ['content-length', '0'] }), isUpgrade: true },
    '/',
  ],
  ['the coding chunked in any case', body('Transfer-Encoding', 'Chunked'), '/'],
  ['dots inside a segment', head({ target: '/a..b/.c/...' }), '/a..b/.c/...'],
  ['dot segments in the query', head({ target: '/a?b=/../c' }), '/a?b=/../c'],
  ['a header with an underscore that means nothing to us', head({ more: ['my_header', 'x'] }), '/'],
  ['Connection that names what is hop-by-hop', head({ more: ['connection', 'keep-alive, x-own'] }), '/'],
];

for (const [what, welcomed, target] of welcome) {
  test(`let in: ${what}`, () => {
    const result = judgeRequest(welcomed, limits);
    assert.equal(result.kind === 'passed' ? result.target : result.reason, target);
  });
}

test('path and query are the two sides of the first question mark', () => {
  const result = judgeRequest(head({ target: '/a?b?c' }), limits);
  assert.deepEqual(result, {
    kind: 'passed',
    target: '/a?b?c',
    path: '/a',
    query: 'b?c',
    host: 'example.org',
  });
});

test('hostile heads never throw, are judged the same twice, and what passes is in origin form', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('chunked', '5', 'a', '/', 'close'));
  const name = fc.oneof(
    fc.constantFrom('Host', 'Content-Length', 'Transfer-Encoding', 'Connection', 'content_length'),
    fc.string(),
  );
  const target = fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.webPath());
  const hostile = fc.record({
    method: fc.constantFrom('GET', 'POST', 'TRACE', 'CONNECT', 'get', ''),
    target,
    httpVersion: fc.constantFrom('1.0', '1.1'),
    headers: fc.array(fc.tuple(name, text), { maxLength: 4 }).map((pairs) => ['Host', 'a', ...pairs.flat()]),
    isUpgrade: fc.boolean(),
  });
  fc.assert(
    fc.property(hostile, (request) => {
      const result = judgeRequest(request, limits);
      assert.deepEqual(judgeRequest(request, limits), result);
      if (result.kind === 'refused') return;
      assert.match(result.target, /^\/[\x21-\x7e]*$/);
      assert.equal(
        result.query === '' ? result.path : `${result.path}?${result.query}`,
        stripMark(result.target),
      );
    }),
    { numRuns: 500 },
  );
});

/** A lone question mark at the end says the same as none. */
function stripMark(target: string): string {
  return target.indexOf('?') === target.length - 1 ? target.slice(0, -1) : target;
}
