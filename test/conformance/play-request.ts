/**
 * Plays one case of the request table against a front door in front of recording edges, and says in the words of the table
 * what came of it: what the edges saw whole, what the client was answered, and whether the connection went on.
 */
import { errorTable } from '#shared/errors.ts';
import type { HttpCase } from '../fuzz/http-case.ts';
import { readHead } from '../fuzz/message-reader.ts';
import { playCase } from '../fuzz/raw-client.ts';
import type { ClientView } from '../fuzz/raw-client.ts';
import { standardBody } from '../fuzz/recording-backend.ts';
import type { ReadRequest } from '../fuzz/request-reader.ts';
import type { Sighting, Sightings } from '../fuzz/sightings.ts';
import { closes, good } from './request-case.ts';
import type { RequestCase } from './request-case.ts';

const probeTarget = '/probe';
const probe = `GET ${probeTarget} HTTP/1.1\r\n${good}\r\n`;

/** `number` gives the client an address of its own. */
export async function playRequest(
  port: number,
  sightings: Sightings,
  item: RequestCase,
  number: number,
): Promise<string[]> {
  const address = `127.2.${Math.floor(number / 250)}.${1 + (number % 250)}`;
  const mustClose = item.expected.at(-1) === closes;
  const bytes = Buffer.from(item.bytes + (item.halfCloses === true ? '' : probe), 'latin1');
  const played: HttpCase = {
    protocol: 'http',
    seed: 0,
    number,
    address,
    writes: [bytes],
    ending: item.halfCloses === true ? 'half-closes' : 'waits',
    answer: undefined,
  };
  const methods = item.expected.filter((text) => text !== closes).map(methodOf);
  const requests = (mustClose ? methods : [...methods, 'GET']).map((method) => ({ method }) as ReadRequest);
  // Behind the last answer either the connection ends, or nothing may come.
  const tail = mustClose
    ? ({ kind: 'fault', reason: 'must close' } as const)
    : ({ kind: 'nothing' } as const);
  const view = await playCase(port, played, { requests, tail });
  const seen = sightings.of(address).filter(({ isWhole }) => isWhole);
  const first = seen.find(({ target }) => target !== probeTarget);
  const faults = first === undefined ? [] : findEdits(item, first);
  sightings.forget(address);
  return [...describe(view, seen, address), ...faults];
}

/** Of a refusal the method does not matter, but a HEAD has no body behind its answer. */
function methodOf(text: string): string {
  return text.includes(' ') ? text.slice(0, text.indexOf(' ')) : 'GET';
}

/** In the words of a case's expectation; anything that no case expects is spelled out. */
function describe(view: ClientView, seen: readonly Sighting[], address: string): string[] {
  const left = [...seen];
  const words: string[] = [];
  for (const answer of view.answers) {
    const text = answer.body.toString('latin1');
    if (answer.status !== 200) {
      words.push(describeRefusal(answer.status, text));
      continue;
    }
    const request = left.shift();
    if (request === undefined) words.push(`an answer that no edge gave: ${text}`);
    else if (request.method !== 'HEAD' && text !== standardBody(address, request.method, request.target))
      words.push(`the answer to another request: ${text}`);
    else if (request.target !== probeTarget) words.push(describeRequest(request));
  }
  words.push(...left.map((request) => `unanswered: ${describeRequest(request)}`));
  if (view.rest.kind !== 'nothing') words.push(`behind the answers: ${view.rest.kind} ${view.rest.reason}`);
  if (view.end === 'closed') words.push(closes);
  else if (view.end !== 'left') words.push(view.end);
  return words;
}

function describeRequest({ method, target, body }: Sighting): string {
  return `${method} ${target}${body.length === 0 ? '' : ` ${body.toString('latin1')}`}`;
}

function describeRefusal(status: number, body: string): string {
  try {
    const { code } = JSON.parse(body) as { code: keyof typeof errorTable };
    return errorTable[code]?.status === status ? code : `${status} with the code ${code}`;
  } catch {
    return `${status} ${body}`;
  }
}

/** What the head at the edge lacks, or has and must not have. */
function findEdits({ has = [], lacks = [] }: RequestCase, { bytes }: Sighting): string[] {
  const reading = readHead(bytes, 0, /^(\S+) (\S+) (\S+)$/);
  if (reading.kind !== 'head') return [`the edge got no head: ${bytes.toString('latin1')}`];
  const { headers } = reading.head;
  const lines = new Set(headers.map(([name, value]) => `${name}: ${value}`));
  const strangers =
    bytes.includes('203.0.113.9') || bytes.includes('evil') ? ['the edge reads what a stranger wrote'] : [];
  return [
    ...has.filter((line) => !lines.has(line)).map((line) => `the edge lacks ${line}`),
    ...lacks
      .filter((name) => headers.some(([given]) => given === name))
      .map((name) => `the edge has ${name}`),
    ...strangers,
  ];
}
