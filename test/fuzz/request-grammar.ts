/**
 * The grammar of request streams, as tokens for the mutator: request lines, headers that decide framing and
 * routing, bodies of every framing, one to three requests in a row with keys of their own.
 */
import type { Random } from '../../bench/random.ts';
import { chunkTokens } from './chunk-grammar.ts';
import { chance, pick } from './mutation.ts';

const host = 'door.test';
const keyCount = 40;
const methods = [
  'GET',
  'GET',
  'GET',
  'POST',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PURGE',
];
const bodies = [
  'hello',
  '0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: door.test\r\n\r\n',
  'GET /smuggled HTTP/1.1\r\nHost: door.test\r\nctstickiness: other\r\n\r\n',
  '\r\n\r\n',
  '5\r\nhello\r\n0\r\n\r\n',
  '\0\xff\x80\r\n',
];

export function streamTokens(random: Random): string[] {
  const count = chance(random, 0.45) ? 2 + random.integer(2) : 1;
  return Array.from({ length: count }, (_, i) => requestTokens(random, i)).flat();
}

function requestTokens(random: Random, place: number): string[] {
  const method = pick(random, methods);
  const version = chance(random, 0.06) ? 'HTTP/1.0' : 'HTTP/1.1';
  const lineTokens = [method, ' ', ...targetTokens(random, place), ' ', version, '\r\n'];
  const head = [['Host', ':', ' ', host, '\r\n'], ...plainHeaders(random)];
  if (chance(random, 0.75)) head.push([nameVariant(random, 'ctstickiness'), ':', ' ', keyOf(random), '\r\n']);
  const wantsBody = chance(random, method === 'GET' || method === 'HEAD' ? 0.1 : 0.7);
  const body = wantsBody ? bodyTokens(random, version) : { headers: [], tokens: [] };
  const headers = shuffle(random, [...head, ...body.headers]);
  const lead = chance(random, 0.03) ? ['\r\n'] : [];
  return [...lead, ...lineTokens, ...headers.flat(), '\r\n', ...body.tokens];
}

function targetTokens(random: Random, place: number): string[] {
  const form = random.next();
  const path = `/r${place}`;
  if (form < 0.08)
    return [pick(random, ['http://', 'HTTP://', 'https://']), pick(random, [host, host, 'other']), path];
  if (form < 0.1) return [`http://${host}?a=1`];
  if (form < 0.2) return [path, '?', 'ctstickiness', '=', keyOf(random)];
  if (form < 0.3) return [path, '?', 'a', '=', '%41', '&', 'b'];
  if (form < 0.32)
    return [pick(random, ['*', 'door.test:80', '/x#y', '/a/../b', '/%2e%2e/', '/a\\b', '/\xe9'])];
  return [path];
}

function plainHeaders(random: Random): string[][] {
  const choices: (() => string[])[] = [
    () => ['Accept', ':', ' ', '*/*', '\r\n'],
    () => ['X-Empty', ':', '\r\n'],
    () => ['X-Blank', ':', '\t ', 'a', ' \t', '\r\n'],
    () => ['X_Under', ':', ' ', '1', '\r\n'],
    () => ['X-Twice', ':', ' ', '1', '\r\n', 'x-twice', ':', ' ', '2', '\r\n'],
    () => ['X-High', ':', ' ', '\xe9\xff', '\r\n'],
    () => ['Cookie', ':', ' ', 'a=b; ctstickiness=', keyOf(random), '\r\n'],
    () => ['Connection', ':', ' ', pick(random, ['keep-alive', 'close', 'X-Hop', 'TE, keep-alive']), '\r\n'],
    () => ['X-Hop', ':', ' ', '1', '\r\n'],
    () => ['TE', ':', ' ', 'trailers', '\r\n'],
    () => ['X-Forwarded-For', ':', ' ', '127.9.9.9', '\r\n'],
    () => ['Expect', ':', ' ', '100-continue', '\r\n'],
    () => ['Upgrade', ':', ' ', 'websocket', '\r\n', 'Connection', ':', ' ', 'Upgrade', '\r\n'],
    () => ['X-Long', ':', ' ', 'a'.repeat(random.integer(3_000)), '\r\n'],
  ];
  return Array.from({ length: random.integer(4) }, () => pick(random, choices)());
}

function bodyTokens(random: Random, version: string): { headers: string[][]; tokens: string[] } {
  const body = bodyText(random);
  if (version === 'HTTP/1.0' || chance(random, 0.5)) {
    const zeros = chance(random, 0.05) ? '00' : '';
    const length = [nameVariant(random, 'Content-Length'), ':', ' ', zeros + String(body.length), '\r\n'];
    return { headers: [length], tokens: [body] };
  }
  const coding = chance(random, 0.1) ? 'Chunked' : 'chunked';
  const transfer = [
    nameVariant(random, 'Transfer-Encoding'),
    ':',
    pick(random, [' ', ' ', '', '\t']),
    coding,
    '\r\n',
  ];
  return { headers: [transfer], tokens: chunkTokens(random, body) };
}

export function bodyText(random: Random): string {
  const form = random.next();
  if (form < 0.5) return pick(random, bodies);
  if (form < 0.6) return '';
  const length = form < 0.97 ? random.integer(200) : random.integer(100_000);
  return Array.from({ length }, () => String.fromCharCode(random.integer(256))).join('');
}

function keyOf(random: Random): string {
  return `key-${random.integer(keyCount)}`;
}

function nameVariant(random: Random, name: string): string {
  const variant = random.next();
  if (variant < 0.1) return name.toUpperCase();
  return variant < 0.2 ? name.toLowerCase() : name;
}

function shuffle<T>(random: Random, items: T[]): T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}
