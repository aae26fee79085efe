/** Which key a request names: every source of evidence, how they agree, and that no input makes it throw. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UnsecuredJWT } from 'jose';
import { parseAffinityKey } from '#shared/ids.ts';
import { readAffinity, splitKeyPrefix } from './affinity-key.ts';
import type { Affinity, AffinityInput } from './affinity-key.ts';

function read(input: Partial<AffinityInput>): Affinity {
  return readAffinity({ path: '/', query: '', headers: [], speaksOurProtocols: true, ...input });
}

/** As `source:key`, `source!code` for a refusal, or `none`. */
function brief(affinity: Affinity): string {
  switch (affinity.kind) {
    case 'none':
      return 'none';
    case 'keyed':
      return `${affinity.source}:${affinity.key}`;
    case 'refused':
      return `${affinity.source}!${affinity.code}`;
  }
}

function tokenFor(room: unknown): string {
  return new UnsecuredJWT({ room }).encode();
}

const longest = 'k'.repeat(128);

const cases: readonly (readonly [promise: string, input: Partial<AffinityInput>, expected: string])[] = [
  ['nothing names no key', {}, 'none'],
  ['the header names the key', { headers: ['CTStickiness', 'k1'] }, 'header:k1'],
  ['the query names the key', { query: 'a=1&ctstickiness=k1' }, 'query:k1'],
  ['a query value is percent-decoded', { query: 'ctstickiness=k%7E1' }, 'query:k~1'],
  ['a query name is percent-decoded', { query: '%63tstickiness=k1' }, 'query:k1'],
  ['a plus in a query value is a space', { query: 'ctstickiness=k+1' }, 'query!key-invalid'],
  ['a name that only contains ours is another one', { query: 'xctstickiness=k1' }, 'none'],
  ['the path prefix names the key', { path: '/~k1/socket.io/' }, 'path:k1'],
  ['the path prefix needs no slash after it', { path: '/~k1' }, 'path:k1'],
  ['a key may start with a tilde', { path: '/~~k1/' }, 'path:~k1'],
  ['an empty path prefix is no key', { path: '/~/x' }, 'path!key-invalid'],
  ['a document path names the key', { path: '/y/k1/doc' }, 'path:k1'],
  ['a document path may end after the key', { path: '/y/k1' }, 'path:k1'],
  ['a join path names the key', { path: '/api/session/join/k1' }, 'path:k1'],
  ['a poll path names the key before its last dot', { path: '/api/session/poll/a.b.random' }, 'path:a.b'],
  ['a poll path without a dot names no valid key', { path: '/api/session/poll/k1' }, 'path!key-invalid'],
  ['a percent-encoded path is not decoded', { path: '/~k%31/' }, 'path!key-invalid'],
  ['an Engine.IO id names the key', { path: '/socket.io/', query: 'sid=k1~x' }, 'sid:k1'],
  ['an encoded Engine.IO id is decoded', { path: '/socket.io/', query: '%73id=k1%7Ex' }, 'sid:k1'],
  [
    'the key of an Engine.IO id ends at the last tilde',
    { path: '/socket.io/', query: 'sid=k~1~x' },
    'sid:k~1',
  ],
  ['an Engine.IO id without a key is refused', { path: '/socket.io/', query: 'sid=x' }, 'sid!key-invalid'],
  ['a sid elsewhere is no evidence', { path: '/api/meta', query: 'sid=k1~x' }, 'none'],
  ['a token names the key', { headers: ['x-oct-jwt', tokenFor('k1')] }, 'token:k1'],
  ['a login token names no key', { headers: ['x-oct-jwt', new UnsecuredJWT({}).encode()] }, 'none'],
  ['a token whose room is no text names no key', { headers: ['x-oct-jwt', tokenFor(7)] }, 'none'],
  ['what is no token names no key', { headers: ['x-oct-jwt', 'a.b.c'] }, 'none'],
  ['a token with a bad room is refused', { headers: ['x-oct-jwt', tokenFor('a b')] }, 'token!key-invalid'],
  ['the cookie names the key', { headers: ['Cookie', 'a=b; ctstickiness=k1; c=d'] }, 'cookie:k1'],
  ['the first cookie counts', { headers: ['cookie', 'ctstickiness=k1; ctstickiness=k2'] }, 'cookie:k1'],
  [
    'cookies may come in several lines',
    { headers: ['cookie', 'a=b', 'cookie', 'ctstickiness=k1'] },
    'cookie:k1',
  ],
  ['a cookie is not percent-decoded', { headers: ['cookie', 'ctstickiness=k%31'] }, 'cookie!key-invalid'],
  ['a cookie of a longer name is another one', { headers: ['cookie', 'xctstickiness=k1'] }, 'none'],
  ['cookie names are case-sensitive', { headers: ['cookie', 'CTSTICKINESS=k1'] }, 'none'],
  ['128 characters are a key', { headers: ['ctstickiness', longest] }, `header:${longest}`],
  ['129 characters are no key', { headers: ['ctstickiness', `${longest}k`] }, 'header!key-invalid'],
  ['an empty header is no key', { headers: ['ctstickiness', ''] }, 'header!key-invalid'],
  ['a line break is no part of a key', { query: 'ctstickiness=k1%0A' }, 'query!key-invalid'],
  ['two headers are refused, even equal ones', twice('k1', 'k1'), 'header!key-duplicated'],
  ['two headers are refused in any case', twice('k1', 'k2'), 'header!key-duplicated'],
  ['two query values are refused', { query: 'ctstickiness=a&ctstickiness=a' }, 'query!key-duplicated'],
  ['agreeing evidence names one key', { path: '/~k1/y/k1/d', headers: ['ctstickiness', 'k1'] }, 'header:k1'],
  [
    'header and query that differ are refused',
    { headers: ['ctstickiness', 'k1'], query: 'ctstickiness=k2' },
    'query!key-conflict',
  ],
  ['two keys in one path are refused', { path: '/~k1/y/k2/d' }, 'path!key-conflict'],
  [
    'two Engine.IO ids that differ are refused',
    { path: '/socket.io/', query: 'sid=k1~x&sid=k2~x' },
    'sid!key-conflict',
  ],
  [
    'two tokens that differ are refused',
    { headers: ['x-oct-jwt', tokenFor('k1'), 'x-oct-jwt', tokenFor('k2')] },
    'token!key-conflict',
  ],
  [
    'an invalid second evidence is called invalid',
    { headers: ['ctstickiness', 'k1'], path: '/~k 1/' },
    'path!key-invalid',
  ],
  [
    'a cookie never wins over explicit evidence',
    { headers: ['cookie', 'ctstickiness=k2', 'ctstickiness', 'k1'] },
    'header:k1',
  ],
  [
    'a broken cookie does not hurt explicit evidence',
    { headers: ['cookie', 'ctstickiness=a b'], path: '/~k1/' },
    'path:k1',
  ],
  ['static backends: a path is no evidence', { path: '/~k1/y/k2', speaksOurProtocols: false }, 'none'],
  [
    'static backends: an Engine.IO id is no evidence',
    { path: '/socket.io/', query: 'sid=k1~x', speaksOurProtocols: false },
    'none',
  ],
  [
    'static backends: a token is no evidence',
    { headers: ['x-oct-jwt', tokenFor('k1')], speaksOurProtocols: false },
    'none',
  ],
  [
    'static backends: header, query and cookie are evidence',
    { headers: ['ctstickiness', 'k1', 'cookie', 'ctstickiness=k2'], speaksOurProtocols: false },
    'header:k1',
  ],
];

function twice(first: string, second: string): Partial<AffinityInput> {
  return { headers: ['ctstickiness', first, 'CtStickiness', second] };
}

for (const [promise, input, expected] of cases) {
  test(promise, () => assert.equal(brief(read(input)), expected));
}

test('a key prefix is taken off a path and leaves a rest that starts with a slash', () => {
  assert.deepEqual(splitKeyPrefix('/~k1/y/k1/d'), { keyText: 'k1', rest: '/y/k1/d' });
  assert.deepEqual(splitKeyPrefix('/~k1'), { keyText: 'k1', rest: '/' });
  assert.deepEqual(splitKeyPrefix('/x/~k1'), { keyText: undefined, rest: '/x/~k1' });
});

const key = fc.stringMatching(/^[A-Za-z0-9._~-]{1,128}$/);
const sources = ['header', 'query', 'prefix', 'document', 'sid', 'token'] as const;
type Source = (typeof sources)[number];

/** A request whose explicit evidence from one source names the key. */
function requestNaming(source: Source, named: string): AffinityInput {
  const input = { path: '/api/meta', query: '', headers: [] as string[], speaksOurProtocols: true };
  switch (source) {
    case 'header':
      return { ...input, headers: ['ctstickiness', named] };
    case 'query':
      return { ...input, query: new URLSearchParams({ ctstickiness: named }).toString() };
    case 'prefix':
      return { ...input, path: `/~${named}/api/meta` };
    case 'document':
      return { ...input, path: `/y/${named}/d` };
    case 'sid':
      return { ...input, path: '/socket.io/', query: new URLSearchParams({ sid: `${named}~x` }).toString() };
    case 'token':
      return { ...input, headers: ['x-oct-jwt', tokenFor(named)] };
  }
}

test('every source of explicit evidence names any valid key, and no cookie redirects it', () => {
  fc.assert(
    fc.property(fc.constantFrom(...sources), key, fc.string(), (source, named, cookie) => {
      const request = requestNaming(source, named);
      const alone = readAffinity(request);
      assert.equal(alone.kind === 'keyed' ? alone.key : alone.kind, named);
      const headers = ['cookie', `ctstickiness=${cookie}`, ...request.headers];
      assert.deepEqual(readAffinity({ ...request, headers }), alone);
    }),
  );
});

test('explicit evidence that differs is a conflict, whatever the two sources are', () => {
  const pairs = [
    ['header', 'query'],
    ['header', 'prefix'],
    ['header', 'document'],
    ['header', 'sid'],
    ['header', 'token'],
    ['query', 'document'],
    ['token', 'document'],
    ['token', 'sid'],
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...pairs), key, key, ([one, other], first, second) => {
      fc.pre(first !== second);
      const a = requestNaming(one, first);
      const b = requestNaming(other, second);
      const both = {
        path: b.path === '/api/meta' ? a.path : b.path,
        query: [a.query, b.query].filter((part) => part !== '').join('&'),
        headers: [...a.headers, ...b.headers],
        speaksOurProtocols: true,
      };
      const affinity = readAffinity(both);
      assert.equal(affinity.kind === 'refused' ? affinity.code : affinity.kind, 'key-conflict');
    }),
  );
});

test('hostile input never throws, reads the same twice, and never gives anything but a valid key', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '/~',
      '/y/',
      '/socket.io/',
      '/api/session/join/',
      '/api/session/poll/',
      '%',
      '%7E',
      '..',
      ';',
    ),
    fc.constantFrom('ctstickiness=', 'ctstickiness', 'sid=', '&', '=', '~', '.', '%63tstickiness=', '\u0000'),
    fc.string({ unit: 'binary' }),
  );
  const text = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));
  const header = fc.tuple(fc.constantFrom('ctstickiness', 'CTSTICKINESS', 'cookie', 'x-oct-jwt', 'x'), text);
  const input = fc.record({
    path: text,
    query: text,
    headers: fc.array(header, { maxLength: 4 }).map((pairs) => pairs.flat()),
    speaksOurProtocols: fc.boolean(),
  });
  fc.assert(
    fc.property(input, (hostile) => {
      const affinity = readAffinity(hostile);
      assert.deepEqual(readAffinity(hostile), affinity);
      if (affinity.kind === 'keyed') assert.equal(parseAffinityKey(affinity.key), affinity.key);
    }),
    { numRuns: 500 },
  );
});
