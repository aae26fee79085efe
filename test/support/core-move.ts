/** A session of the pure core goes on as at another edge, by way of the bytes that would travel. */
import { Packr } from 'msgpackr';
import type { Epoch } from '#shared/ids.ts';
import { adoptSession } from '../../edge/core/session-adopt.ts';
import { readSnapshot, takeSnapshot } from '../../edge/core/session-snapshot.ts';
import type { CoreSession } from './oct-core.ts';

const packr = new Packr({ useRecords: false });

/** Every connection is gone; the clock of the other edge is ahead by so much, or behind. */
export function moveCore(session: CoreSession, aheadMs = 0): void {
  for (const connection of session.state.connections.keys())
    session.apply({ kind: 'disconnect', connection });
  session.apply({ kind: 'freeze' });
  const snapshot = readSnapshot(packr.unpack(packr.pack(takeSnapshot(session.state, session.nowMs))));
  // The decoder gives bytes of Node's own type, which a comparison of states would take for a difference.
  for (const sealed of snapshot.contents) sealed.content = Uint8Array.from(sealed.content);
  const epoch = (session.state.epoch + 1) as Epoch;
  session.nowMs += aheadMs;
  session.state = adoptSession(snapshot, epoch, session.state.limits, session.nowMs);
}
