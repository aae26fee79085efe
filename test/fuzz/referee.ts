/**
 * Referees: other HTTP servers, fed with exactly the bytes that the front door forwarded. Behind them comes
 * one known request more, which a referee that reads a body longer or shorter cannot see as it is.
 */
import { connect } from 'node:net';
import type { Sighting, Sightings } from './sightings.ts';

export interface Referee {
  readonly name: string;
  readonly port: number;
  readonly sightings: Sightings;
  readonly stop: () => Promise<void>;
}

/** `stricter`: it refuses, and read everything before that as we did. */
export type RefereeVerdict =
  { readonly kind: 'same' | 'stricter' } | { readonly kind: 'split-differently'; readonly text: string };

const refereeMaxMs = 20_000;
const lastTarget = '/last-of-all';

/** Feeds the requests on connections as long as they ask for: what says `close` is the last on its own. */
export async function askReferee(
  referee: Referee,
  address: string,
  forwarded: readonly Sighting[],
): Promise<RefereeVerdict> {
  let isStricter = false;
  let start = 0;
  while (start < forwarded.length) {
    const close = forwarded.findIndex(({ closes }, i) => i >= start && closes);
    const end = close === -1 ? forwarded.length : close + 1;
    const verdict = await feed(referee, address, forwarded.slice(start, end));
    if (verdict.kind === 'split-differently') return verdict;
    isStricter ||= verdict.kind === 'stricter';
    start = end;
  }
  return { kind: isStricter ? 'stricter' : 'same' };
}

type FeedEnd = 'served' | 'closed' | 'waits';

async function feed(
  { sightings, port }: Referee,
  address: string,
  requests: readonly Sighting[],
): Promise<RefereeVerdict> {
  // Behind what ends the connection nothing is read any more.
  const hasLast = !requests.at(-1)!.closes;
  const last = `GET ${lastTarget} HTTP/1.1\r\nHost: door.test\r\nX-Forwarded-For: ${address}\r\n\r\n`;
  const bytes = [
    ...requests.map((request) => request.bytes),
    ...(hasLast ? [Buffer.from(last, 'latin1')] : []),
  ];
  const { promise, resolve } = Promise.withResolvers<FeedEnd>();
  const deadline = setTimeout(() => resolve('waits'), refereeMaxMs);
  sightings.watch(address, () => {
    const seen = sightings.of(address);
    const isServed = hasLast ? seen.at(-1)?.target === lastTarget : seen.length >= requests.length;
    if (isServed) resolve('served');
  });
  const socket = connect({ host: '127.0.0.1', port, localAddress: address, noDelay: true });
  socket.on('error', () => resolve('closed'));
  socket.on('close', () => resolve('closed'));
  socket.resume();
  socket.write(Buffer.concat(bytes));
  const end = await promise;
  clearTimeout(deadline);
  socket.destroy();
  const seen = sightings.of(address).filter(({ isWhole }) => isWhole);
  sightings.forget(address);
  const isServed = end === 'served';
  return compare(requests, isServed && hasLast ? seen.slice(0, -1) : seen, end);
}

function compare(expected: readonly Sighting[], seen: readonly Sighting[], end: FeedEnd): RefereeVerdict {
  const isPart = seen.every((request, i) => isSameRequest(expected[i], request));
  if (isPart && end === 'closed') return { kind: 'stricter' };
  if (isPart && end === 'served' && seen.length === expected.length) return { kind: 'same' };
  const text = `${end}: saw ${describe(seen)} in place of ${describe(expected)}`;
  return { kind: 'split-differently', text };
}

function describe(list: readonly Sighting[]): string {
  const facts = list.map(({ method, target, keys, body }) => [
    method,
    target,
    keys,
    body.toString('latin1', 0, 200),
  ]);
  return JSON.stringify(facts);
}

function isSameRequest(expected: Sighting | undefined, seen: Sighting): boolean {
  if (expected === undefined) return false;
  return (
    expected.method === seen.method &&
    expected.target === seen.target &&
    expected.keys.join('\n') === seen.keys.join('\n') &&
    expected.body.equals(seen.body)
  );
}
