/**
 * The grammar of a backend's answers, as tokens for the mutator: statuses with and without a body, every
 * framing, informational heads in front, bytes too many behind.
 */
import type { Random } from '../../bench/random.ts';
import { chunkTokens } from './chunk-grammar.ts';
import { chance, pick } from './mutation.ts';
import { bodyText } from './request-grammar.ts';

const statuses = [200, 200, 200, 200, 201, 204, 206, 304, 302, 400, 404, 500, 502, 503, 599];
const headerChoices: readonly (readonly string[])[] = [
  ['Content-Type', ':', ' ', 'text/plain', '\r\n'],
  ['Set-Cookie', ':', ' ', 'a=b', '\r\n', 'Set-Cookie', ':', ' ', 'c=d', '\r\n'],
  ['X-Empty', ':', '\r\n'],
  ['X-High', ':', ' ', '\xe9', '\r\n'],
  ['Connection', ':', ' ', 'close', '\r\n'],
  ['Keep-Alive', ':', ' ', 'timeout=1', '\r\n'],
  ['Trailer', ':', ' ', 'X-Trailer', '\r\n'],
  ['ctstickiness', ':', ' ', 'from-the-backend', '\r\n'],
];

/** `mark` stands in every body, so that a byte that reaches the wrong client shows. */
export function answerTokens(random: Random, mark: string, method: string): string[] {
  const status = pick(random, statuses);
  const lead = chance(random, 0.1) ? informational(random) : [];
  const line = [chance(random, 0.06) ? 'HTTP/1.0' : 'HTTP/1.1', ' ', String(status), ' ', 'Reason', '\r\n'];
  const headers = Array.from({ length: random.integer(3) }, () => pick(random, headerChoices)).flat();
  const isBare = method === 'HEAD' || status === 204 || status === 304;
  const body = isBare && chance(random, 0.9) ? '' : `${mark} ${bodyText(random)}`;
  const framed = frame(random, body, status === 204);
  return [
    ...lead,
    ...line,
    ...headers,
    ...framed.headers,
    '\r\n',
    ...(isBare && body === '' ? [] : framed.tokens),
  ];
}

function informational(random: Random): string[] {
  return pick(random, [
    ['HTTP/1.1', ' ', '100', ' ', 'Continue', '\r\n', '\r\n'],
    ['HTTP/1.1', ' ', '103', ' ', 'Early Hints', '\r\n', 'Link', ':', ' ', '</a>', '\r\n', '\r\n'],
    ['HTTP/1.1', ' ', '102', ' ', 'Processing', '\r\n', '\r\n', 'HTTP/1.1', ' ', '100', ' ', '\r\n', '\r\n'],
  ]);
}

function frame(random: Random, body: string, mayHaveNone: boolean): { headers: string[]; tokens: string[] } {
  const form = random.next();
  if (mayHaveNone && body === '') return { headers: [], tokens: [] };
  if (form < 0.45) {
    return { headers: ['Content-Length', ':', ' ', String(body.length), '\r\n'], tokens: [body] };
  }
  if (form < 0.9) {
    return { headers: ['Transfer-Encoding', ':', ' ', 'chunked', '\r\n'], tokens: chunkTokens(random, body) };
  }
  return { headers: [], tokens: [body] };
}
