/** The two letters at the end of an exchange: who ended it, and in which phase; `docs/terminations.md` is generated from them. */
export const enders = {
  '-': 'nobody: it went to its end; an error that an edge answers is such an end, too',
  C: 'the client: it left, or it ended its WebSocket first',
  c: 'the client, by being too slow: a deadline of ours passed while it owed something',
  P: 'the front door refused it for what it is: malformed, too large, without a right to be there',
  R: 'what it needs is not there: no edge is ready, an edge or a queue is full, a store does not answer, the session moves',
  S: 'the edge: it could not be reached, broke off, or ended the WebSocket first',
  s: 'the edge, by being too slow: a deadline of ours passed while it owed something',
  T: 'nobody said anything for too long (CT_TUNNEL_IDLE_TIMEOUT_MS)',
  K: 'the front door cut it: its edge is over, or the process ends',
  L: 'nobody yet: the front door that settles it goes, and the WebSocket goes on at its edge',
  I: 'a fault of ours',
  '?': 'unknown: the edge that carried it was cut off from the front door',
} as const;

export const phases = {
  '-': 'it was over',
  R: 'before it was known what is asked for: the head was read and judged, or the front door answered by itself',
  B: 'while its body was read',
  P: 'while its session was placed',
  Q: 'while it waited for a connection to its edge',
  C: 'while a connection to its edge was opened',
  H: 'while its edge had not begun to answer',
  D: 'while the answer went to the client',
  U: 'as a WebSocket that was agreed on',
} as const;

export type Ender = keyof typeof enders;
export type Phase = keyof typeof phases;
