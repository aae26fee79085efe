/**
 * Ends connections so that clients come back and nothing that they have sent is lost. Their sessions send nothing
 * any more, so a pong proves that a client has everything; only then comes the stop. All at the same time, and
 * each step with a deadline: a client that is frozen delays the others by the first, no more.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket as EngineSocket } from 'engine.io';
import { heartbeatOf } from './heartbeat.ts';
import { cutTransport, isUpgrading, stopTransport } from './transport.ts';

/** Peers have so long to answer a ping before their connection is stopped without a proof of what arrived. */
const pongGraceMs = 1_000;
/** Peers have so long to answer the stop before their connection is cut. */
const closeGraceMs = 2_000;
/**
 * A peer that has not answered the ping is frozen, and will not answer the stop either; but for one that is just
 * changing to its WebSocket, which answers, and sends what it holds, only when it has.
 */
const frozenGraceMs = 50;
/**
 * Whoever is to be cut is read from for so long before: an edge that was frozen itself finds a deadline over while the answer, and
 * what was sent before it, waits in its sockets. Node reads before it looks at its timers, but not all that may be there.
 */
const readingGraceMs = 20;

/** `list` gives the connections that are open now; resolves when those are gone. */
export async function stopConnections(list: () => readonly EngineSocket[]): Promise<void> {
  const answered = new Set<EngineSocket>();
  const pongs = list().map(async (conn) => {
    await heartbeatOf(conn).settled();
    answered.add(conn);
  });
  await Promise.race([Promise.allSettled(pongs), once(AbortSignal.timeout(pongGraceMs), 'abort')]);
  const deadline = AbortSignal.timeout(closeGraceMs);
  const closed = list()
    // One that is closing waits for a poll that may never come, and can be cut by nothing.
    .filter(({ readyState }) => readyState === 'open')
    .map(async (conn) => await once(conn, 'close', { signal: deadline }));
  for (const conn of list()) stopTransport(conn);
  const cutFrozen = (): void => {
    for (const conn of list()) if (!answered.has(conn) && !isUpgrading(conn)) cutTransport(conn);
  };
  let cutting = setTimeout(() => {
    cutting = setTimeout(cutFrozen, readingGraceMs);
  }, frozenGraceMs);
  const ends = await Promise.allSettled(closed);
  clearTimeout(cutting);
  if (ends.some(({ status }) => status === 'rejected')) await sleep(readingGraceMs);
  for (const conn of list()) cutTransport(conn);
}
