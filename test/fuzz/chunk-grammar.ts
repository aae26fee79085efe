/** The grammar of chunked bodies, as tokens: sizes in every notation that is allowed, extensions and trailers. */
import type { Random } from '../../bench/random.ts';
import { chance, pick } from './mutation.ts';

export function chunkTokens(random: Random, body: string): string[] {
  const tokens: string[] = [];
  let at = 0;
  while (at < body.length) {
    const length = 1 + random.integer(chance(random, 0.3) ? 3 : body.length - at);
    const data = body.slice(at, at + length);
    tokens.push(sizeText(random, data.length), ...extension(random), '\r\n', data, '\r\n');
    at += length;
    // Many tiny chunks of a large body say nothing new.
    if (tokens.length > chunkTokensMax) break;
  }
  return [
    ...tokens,
    pick(random, ['0', '0', '0', '000']),
    ...extension(random),
    '\r\n',
    ...trailers(random),
    '\r\n',
  ];
}

const chunkTokensMax = 60;

function sizeText(random: Random, size: number): string {
  const text = size.toString(16);
  const variant = random.next();
  if (variant < 0.1) return text.toUpperCase();
  return variant < 0.15 ? `000${text}` : text;
}

function extension(random: Random): string[] {
  if (!chance(random, 0.1)) return [];
  return [';', pick(random, ['a', 'a=b', 'a="b;c"', 'a="\\""', 'a=b;c=d', ' a = b'])];
}

function trailers(random: Random): string[] {
  if (!chance(random, 0.1)) return [];
  return pick(random, [
    ['X-Trailer', ':', ' ', '1', '\r\n'],
    ['ctstickiness', ':', ' ', 'trailed', '\r\n'],
    ['Content-Length', ':', ' ', '5', '\r\n'],
    ['X-A', ':', '\r\n', 'X-B', ':', ' ', 'b', '\r\n'],
  ]);
}
