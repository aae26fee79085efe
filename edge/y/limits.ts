/** Limits of this protocol that no setting carries, each with its reason, and the rules that use them. */

/** Documents of one session at a time; a project's open files, with room to spare. */
export const documentsPerKeyMax = 256;

/** A presence is a name, a colour and a cursor; without this it would be a way around the store. */
export const awarenessStateMaxBytes = 65_536;
/** Editors have one awareness client per connection, and a new one when their document is made anew. */
export const awarenessClientsPerMemberMax = 16;
/** Clients that left are remembered so that a late echo does not bring them back; the oldest go first. */
export const departedClientsMax = 1_024;

/** Bytes of a document that wait for their commit; beyond this its members are not read from. */
export const uncommittedMaxBytes = 8_388_608;

/**
 * Half of the 30 s after which clients give a silent connection up. At each beat they get a ping, and a
 * message that says nothing, because pings do not count for them.
 */
export const heartbeatIntervalMs = 15_000;
/** A peer has so long to answer a close before its connection is cut. */
export const closeGraceMs = 1_000;
/** Within the grace that a stopping process has; what is not written then is still with the clients. */
export const flushDeadlineMs = 5_000;
/** Newcomers wait while a session moves, so its last commit gets less. */
export const restDeadlineMs = 2_000;

const compactionUpdates = 500;

/** True when so much came since the last snapshot, or the last attempt at one, that a load would feel it. */
export function isCompactionDue(lastSeq: number, attemptSeq: number): boolean {
  return lastSeq - attemptSeq >= compactionUpdates;
}
