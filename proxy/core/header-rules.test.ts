/** What of a head travels on, in both directions, and what the front door adds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseAffinityKey } from '#shared/ids.ts';
import { readHeadLines } from '../../test/support/head-lines.ts';
import { upgradeLines } from '../wire/answer-head.ts';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';
import { affinityCookie, editForClient, editForUpstream } from './header-rules.ts';
import type { HeadEdit } from './header-rules.ts';

const key = parseAffinityKey('k1')!;
const forwarded = { chain: ['192.0.2.7'], host: 'example.org', proto: 'https' } as const;
const internal = { key, epoch: 7, owner: 'edge-1:2', pass: 'secret-pass', exchangeId: 'x1' };
const handBack = { key, cookie: undefined };

function applyEdit(headers: HeaderList, { dropped, added, upgrade }: HeadEdit): string[] {
  const kept = headers.filter((_, i) => !dropped.includes(Math.floor(i / 2)));
  return [...kept, ...readHeadLines(added + (upgrade === undefined ? '' : upgradeLines(upgrade)))];
}

function upstreamHeaders(...args: Parameters<typeof editForUpstream>): string[] {
  return applyEdit(args[0], editForUpstream(...args));
}

function downstreamHeaders(...args: Parameters<typeof editForClient>): string[] {
  return applyEdit(args[0], editForClient(...args));
}

function names(headers: readonly string[]): string[] {
  return headers.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase());
}

/** Every name in lower, upper and mixed case. */
function anyCase(name: string): string[] {
  return [name, name.toUpperCase(), name.replace(/^./, (first) => first.toUpperCase())];
}

const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

test('hop-by-hop headers stop at the front door, both ways, in any case', () => {
  for (const name of hopByHop.flatMap(anyCase)) {
    const given = [name, 'x', 'Accept', 'y'];
    assert.ok(!names(upstreamHeaders(given, forwarded, internal, undefined)).includes(name.toLowerCase()));
    assert.ok(!names(downstreamHeaders(given, handBack, undefined)).includes(name.toLowerCase()));
  }
});

test('headers that Connection nominates stop at the front door, over all its lines and in any case', () => {
  const given = [
    'Connection',
    'close, X-One',
    'X-One',
    '1',
    'x-two',
    '2',
    'connection',
    'X-TWO',
    'X-Three',
    '3',
  ];
  const sent = names(upstreamHeaders(given, forwarded, internal, undefined));
  assert.ok(!sent.includes('x-one') && !sent.includes('x-two'));
  assert.ok(sent.includes('x-three'));
  assert.ok(!names(downstreamHeaders(given, handBack, undefined)).includes('x-one'));
});

test('the length of an answer stays, also where Connection names it', () => {
  const headers = ['Connection', 'content-length, x-other', 'Content-Length', '5', 'X-Other', 'a'];
  assert.deepEqual(headerValues(downstreamHeaders(headers, handBack, undefined), 'content-length'), ['5']);
  assert.deepEqual(headerValues(downstreamHeaders(headers, handBack, undefined), 'x-other'), []);
});

test('a client can neither set nor take out internal headers, in any case', () => {
  const forged = ['key', 'epoch', 'edge', 'pass', 'exchange', 'refusal', 'anything'].flatMap((name) =>
    anyCase(`x-ct-${name}`).flatMap((cased) => [cased, 'forged']),
  );
  const given = [...forged, 'connection', 'x-ct-pass, x-ct-epoch'];
  const sent = upstreamHeaders(given, forwarded, internal, undefined);
  assert.ok(!sent.includes('forged'));
  assert.deepEqual(headerValues(sent, 'x-ct-key'), ['k1']);
  assert.deepEqual(headerValues(sent, 'x-ct-epoch'), ['7']);
  assert.deepEqual(headerValues(sent, 'x-ct-edge'), ['edge-1:2']);
  assert.deepEqual(headerValues(sent, 'x-ct-pass'), ['secret-pass']);
  assert.deepEqual(headerValues(sent, 'x-ct-exchange'), ['x1']);
});

test('a static backend gets no internal header, not even a forged one', () => {
  const sent = names(upstreamHeaders(['X-CT-Pass', 'forged'], forwarded, undefined, undefined));
  assert.deepEqual(
    sent.filter((name) => name.startsWith('x-ct-')),
    [],
  );
});

test('internal headers of an edge never reach the client', () => {
  const sent = downstreamHeaders(['x-ct-refusal', 'stale', 'X-CT-Key', 'k1'], handBack, undefined);
  assert.deepEqual(names(sent), ['ctstickiness']);
});

test('forwarded headers are written anew, whatever the client claimed', () => {
  const claimed = ['Forwarded', 'X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Real-IP'];
  const given = claimed.flatMap((name) => [name, 'forged']);
  const sent = upstreamHeaders(given, forwarded, internal, undefined);
  assert.ok(!sent.includes('forged'));
  assert.deepEqual(headerValues(sent, 'x-forwarded-for'), ['192.0.2.7']);
  assert.deepEqual(headerValues(sent, 'x-forwarded-host'), ['example.org']);
  assert.deepEqual(headerValues(sent, 'x-forwarded-proto'), ['https']);
  assert.deepEqual(headerValues(sent, 'x-real-ip'), ['192.0.2.7']);
  assert.deepEqual(headerValues(sent, 'forwarded'), ['for=192.0.2.7;proto=https;host="example.org"']);
});

test('the forwarded chain names the client first, and quotes IPv6 addresses', () => {
  const chain = ['2001:db8::7', '192.0.2.1'];
  const sent = upstreamHeaders([], { chain, host: '', proto: 'http' }, internal, undefined);
  assert.deepEqual(headerValues(sent, 'x-forwarded-for'), ['2001:db8::7, 192.0.2.1']);
  assert.deepEqual(headerValues(sent, 'x-real-ip'), ['2001:db8::7']);
  assert.deepEqual(headerValues(sent, 'forwarded'), ['for="[2001:db8::7]", for=192.0.2.1;proto=http']);
  assert.deepEqual(headerValues(sent, 'x-forwarded-host'), []);
});

test('Expect is answered by the front door and not passed on', () => {
  assert.ok(
    !names(upstreamHeaders(['Expect', '100-continue'], forwarded, internal, undefined)).includes('expect'),
  );
});

test('an upgrade gets its Connection and Upgrade back, and nothing else of them', () => {
  const given = [
    'Connection',
    'Upgrade, X-One',
    'Upgrade',
    'websocket',
    'X-One',
    '1',
    'Sec-WebSocket-Key',
    'z',
  ];
  for (const sent of [
    upstreamHeaders(given, forwarded, internal, 'websocket'),
    downstreamHeaders(given, handBack, 'websocket'),
  ]) {
    assert.deepEqual(headerValues(sent, 'connection'), ['Upgrade']);
    assert.deepEqual(headerValues(sent, 'upgrade'), ['websocket']);
    assert.deepEqual(headerValues(sent, 'sec-websocket-key'), ['z']);
    assert.deepEqual(headerValues(sent, 'x-one'), []);
  }
});

test('the client gets the key once, whatever the upstream said', () => {
  const sent = downstreamHeaders(['CtStickiness', 'other', 'Set-Cookie', 'a=b'], handBack, undefined);
  assert.deepEqual(headerValues(sent, 'ctstickiness'), ['k1']);
  assert.deepEqual(headerValues(sent, 'set-cookie'), ['a=b']);
});

test('a cookie that is due stands beside those of the upstream', () => {
  const cookie = affinityCookie(key, '/', true);
  const sent = downstreamHeaders(['Set-Cookie', 'a=b'], { key, cookie }, undefined);
  assert.deepEqual(headerValues(sent, 'set-cookie'), ['a=b', cookie]);
});

test('the cookie is HttpOnly and SameSite=Lax, and Secure on TLS alone', () => {
  assert.equal(affinityCookie(key, '/', true), 'ctstickiness=k1; Path=/; HttpOnly; SameSite=Lax; Secure');
  assert.equal(affinityCookie(key, '/~k1/', false), 'ctstickiness=k1; Path=/~k1/; HttpOnly; SameSite=Lax');
});

test('end-to-end headers keep their case, order, values and duplicates', () => {
  const name = fc.constantFrom('Accept', 'X-Custom', 'traceparent', 'Content-Length', 'set-cookie', 'Host');
  const list = fc.array(fc.tuple(name, fc.string()), { maxLength: 10 }).map((pairs) => pairs.flat());
  fc.assert(
    fc.property(list, (given) => {
      assert.deepEqual(upstreamHeaders(given, forwarded, internal, undefined).slice(0, given.length), given);
      assert.deepEqual(downstreamHeaders(given, handBack, undefined).slice(0, given.length), given);
    }),
  );
});
