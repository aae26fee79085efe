/** A session of the pure core goes on as at another edge, by way of the bytes that would travel or were stored. */
import { Packr } from 'msgpackr';
import type { Epoch } from '#shared/ids.ts';
import { adoptSession } from '../../edge/core/session-adopt.ts';
import { reviveSession, takeRoster } from '../../edge/core/durable-roster.ts';
import { readRequests, readSnapshot, takeRequests, takeSnapshot } from '../../edge/core/session-snapshot.ts';
import type { CoreSession } from './oct-core.ts';

const packr = new Packr({ useRecords: false });

/** Every connection is gone; the clock of the other edge is ahead by so much, or behind. */
export function moveCore(session: CoreSession, aheadMs = 0): void {
  for (const connection of session.state.connections.keys())
    session.apply({ kind: 'disconnect', connection });
  session.apply({ kind: 'freeze' });
  const snapshot = readSnapshot(throughBytes(takeSnapshot(session.state, session.nowMs)));
  // The decoder gives bytes of Node's own type, which a comparison of states would take for a difference.
  for (const sealed of snapshot.contents) sealed.content = Uint8Array.from(sealed.content);
  const epoch = (session.state.epoch + 1) as Epoch;
  session.nowMs += aheadMs;
  session.state = adoptSession(snapshot, epoch, session.state.limits, session.nowMs);
}

/** The edge is dead: nobody was asked or told, and what is left is the roster and the note of what waits. */
export function crashCore(session: CoreSession, aheadMs = 0): void {
  const { state, nowMs } = session;
  const roster = readSnapshot(throughBytes(takeRoster(state, nowMs)));
  const requests = readRequests(throughBytes(takeRequests(state.requests, nowMs)));
  session.nowMs += aheadMs;
  const epoch = (state.epoch + 1) as Epoch;
  const revival = { epoch, limits: state.limits, nowMs: session.nowMs };
  session.state = reviveSession({ ...roster, requests }, revival);
}

function throughBytes(value: unknown): unknown {
  return packr.unpack(packr.pack(value));
}
