/**
 * One case of the fuzzer: the bytes that a client sends and, where the answer is what is tried, the bytes that
 * the backend answers. A case follows from seed and number alone, and can be kept in a file.
 */
import { Random } from '../../bench/random.ts';
import { answerTokens } from './answer-grammar.ts';
import { readAnswer } from './answer-reader.ts';
import { frameTokens, mutateFrames } from './frame-grammar.ts';
import { chance, mutateBytes, mutateTokens, pick, splitBytes } from './mutation.ts';
import { streamTokens } from './request-grammar.ts';
import { tableTokens } from './table-grammar.ts';

export interface HttpCase {
  /** What the client speaks: bytes of HTTP/1.1, or frames of HTTP/2 behind preface and SETTINGS. */
  readonly protocol: Protocol;
  readonly seed: number;
  readonly number: number;
  /** The client's address, its own alone: by it the front door's X-Forwarded-For tells whose request it forwards. */
  readonly address: string;
  /** What the client writes, write by write. */
  readonly writes: readonly Buffer[];
  /** What it does once all complete requests are answered: waits, said so by a half-close, or is gone. */
  readonly ending: 'waits' | 'half-closes' | 'leaves';
  /** The answer to `/answer`; undefined where requests are what is tried. */
  readonly answer: CaseAnswer | undefined;
}

export type Protocol = 'http' | 'http2';

export interface CaseAnswer {
  readonly method: string;
  readonly writes: readonly Buffer[];
  readonly closes: boolean;
}

const answerShare = 0.3;
/** Of requests: how many are cases of the request table, damaged or not. */
const tableShare = 0.35;
const repeatableShare = 0.1;
const clientPrefix = 127;

export function makeCase(seed: number, number: number): HttpCase {
  const random = randomOf(seed, number);
  const base = { protocol: 'http', ...baseOf(seed, number) } as const;
  return chance(random, answerShare) ? answerCase(random, base) : requestCase(random, base);
}

/** The same for HTTP/2: requests alone, since edges are never asked over it. */
export function makeFramedCase(seed: number, number: number): HttpCase {
  const random = randomOf(seed, number);
  const isWell = chance(random, 0.3);
  const frames = mutateFrames(random, frameTokens(random), isWell ? 0 : 1 + random.integer(2));
  const bytes = Buffer.concat(frames);
  const isAsFramed = isWell || chance(random, 0.8);
  const damaged = isAsFramed ? bytes : mutateBytes(random, bytes, 1 + random.integer(3));
  const ending = pick(random, ['waits', 'waits', 'waits', 'half-closes', 'leaves'] as const);
  const writes = splitBytes(random, damaged);
  return { protocol: 'http2', ...baseOf(seed, number), writes, ending, answer: undefined };
}

function randomOf(seed: number, number: number): Random {
  return new Random(Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(number + 1, 0xc2b2ae35));
}

function baseOf(seed: number, number: number): Pick<HttpCase, 'seed' | 'number' | 'address'> {
  // 127.1.0.1 and up: 127.0.0.1 belongs to everybody else.
  const place = number % (200 * 65_000);
  const address = `${clientPrefix}.${1 + Math.floor(place / 65_000)}.${Math.floor((place % 65_000) / 254)}.${1 + (place % 254)}`;
  return { seed, number, address };
}

type Base = Pick<HttpCase, 'protocol' | 'seed' | 'number' | 'address'>;

function requestCase(random: Random, base: Base): HttpCase {
  const tokens = chance(random, tableShare) ? tableTokens(random) : streamTokens(random);
  const bytes = damage(random, tokens);
  const ending = pick(random, [
    // A front door may take the other two for a client that is gone, and then nothing more is tried.
    ...Array.from({ length: 8 }, () => 'waits' as const),
    'half-closes',
    'leaves',
  ] as const);
  return { ...base, writes: splitBytes(random, bytes), ending, answer: undefined };
}

function answerCase(random: Random, base: Base): HttpCase {
  const wished = pick(random, ['GET', 'GET', 'HEAD', 'POST']);
  const bytes = damage(random, answerTokens(random, base.address, wished));
  // The front door takes seconds over a request that it may repeat: a faulty answer is mostly one to a POST.
  const isReadable = readAnswer(bytes, 0, wished, true).kind === 'answer';
  const method = isReadable || chance(random, repeatableShare) ? wished : 'POST';
  const line = `${method} /answer HTTP/1.1\r\nHost: door.test\r\nctstickiness: key-1\r\n`;
  const first = method === 'POST' ? `${line}Content-Length: 5\r\n\r\nhello` : `${line}\r\n`;
  const second = 'GET /after HTTP/1.1\r\nHost: door.test\r\nctstickiness: key-1\r\n\r\n';
  const reading = readAnswer(bytes, 0, method, true);
  const isWhole = reading.kind === 'answer' && readAnswer(bytes, 0, method, false).kind === 'answer';
  // What stands behind an answer goes out with its last byte: later it could only be taken for the next answer.
  const cutMax = reading.kind === 'answer' ? reading.answer.end : 0;
  const closes = chance(random, isWhole ? 0.2 : 0.95);
  const answer = { method, writes: splitBytes(random, bytes, cutMax), closes };
  return { ...base, writes: [Buffer.from(first + second, 'latin1')], ending: 'waits', answer };
}

function damage(random: Random, tokens: readonly string[]): Buffer {
  const isWell = chance(random, 0.3);
  const tokenCount = isWell || chance(random, 0.3) ? 0 : 1 + random.integer(3);
  const bytes = Buffer.from(mutateTokens(random, tokens, tokenCount).join(''), 'latin1');
  return isWell || chance(random, 0.6) ? bytes : mutateBytes(random, bytes, 1 + random.integer(3));
}

/** The case as the text of a file, with the bytes in readable form beside it. */
export function formatCase(item: HttpCase, findings: readonly string[]): string {
  const encode = (writes: readonly Buffer[]): string[] => writes.map((bytes) => bytes.toString('base64'));
  const readable = (writes: readonly Buffer[]): string => Buffer.concat([...writes]).toString('latin1');
  const { answer } = item;
  const file: CaseFile & { readonly readable: unknown } = {
    findings,
    ...item,
    writes: encode(item.writes),
    answer: answer && { ...answer, writes: encode(answer.writes) },
    readable: { writes: readable(item.writes), answer: answer && readable(answer.writes) },
  };
  return `${JSON.stringify(file, undefined, 2)}\n`;
}

interface CaseFile extends Omit<HttpCase, 'writes' | 'answer'> {
  readonly findings: readonly string[];
  readonly writes: readonly string[];
  readonly answer: (Omit<CaseAnswer, 'writes'> & { readonly writes: readonly string[] }) | undefined;
}

export function parseCase(text: string): HttpCase {
  const { protocol, seed, number, address, writes, ending, answer } = JSON.parse(text) as CaseFile;
  const decode = (items: readonly string[]): Buffer[] => items.map((item) => Buffer.from(item, 'base64'));
  const decoded = answer && { ...answer, writes: decode(answer.writes) };
  return { protocol, seed, number, address, writes: decode(writes), ending, answer: decoded };
}
