/**
 * What records of the journal are made of: kinds of entries, bounds and marks. Apart from their schemas, which the journal's own thread
 * does without.
 */

/** Every kind of entry, with what it tells; shown by `mooring audit`. */
export const journalEvents = {
  'session.created': 'A session began.',
  'session.taken-over': 'An edge went on with a session whose edge is over.',
  'session.moved': 'A session moved to another edge, with its members.',
  'session.terminated': 'An administrator ended a session.',
  'session.ended': 'A session is over.',
  'member.joined': 'A member came into a session.',
  'member.left': 'A member left it, or was gone for too long.',
  'member.removed': 'An administrator took a member out.',
  'member.banned': 'An administrator took a member out for good.',
  'edge.joined': 'An edge joined the pool.',
  'edge.drained': 'An edge is being emptied.',
  'edge.undrained': 'An edge takes sessions again.',
  'edge.lost': 'An edge is gone.',
  'settings.changed': 'A setting of a front door or of the whole pool has changed.',
  'admin.acted': 'An administrator asked for a change: which, before and after, or why it was refused.',
  'edge.refused': 'An edge was refused: its token, settings or id are wrong, or what it says.',
  'login.completed': 'Somebody logged in.',
  'login.refused': 'A login was refused.',
} as const;

export type JournalEvent = keyof typeof journalEvents;

/** Those on sessions and their members. */
export const sessionEvents = [
  'session.created',
  'session.taken-over',
  'session.moved',
  'session.terminated',
  'session.ended',
  'member.joined',
  'member.left',
  'member.removed',
  'member.banned',
] as const satisfies readonly JournalEvent[];

/** In one message of the control connection, which takes a megabyte. */
export const recordsPerMessageMax = 200;

/** Longer ones are cut. */
export const textMax = {
  origin: 80,
  key: 64,
  user: 128,
  person: 64,
  subject: 200,
  client: 200,
  detail: 200,
} as const;

/** In the detail of `member.left`: the same person is in the session by another connection. */
export const staysMark = 'stays by another connection';
