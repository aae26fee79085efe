/**
 * Headers between front door and edge. Clients cannot set them: every request loses each `x-ct-` header
 * before these are added (`proxy/core/header-rules.ts`), and an edge refuses a request without the pass.
 */
export const internalHeaderPrefix = 'x-ct-';

export const internalHeaders = {
  key: 'x-ct-key',
  epoch: 'x-ct-epoch',
  /** `edge:incarnation` of the owner that the front door believes in. */
  owner: 'x-ct-edge',
  /** The exchange is the one that placed its key: nobody of its session was anywhere before. */
  fresh: 'x-ct-new',
  /** Proof that the request came through a front door of this fleet. */
  pass: 'x-ct-pass',
  /** Exchange id: the same in the log lines of the front door and of the edge. */
  exchange: 'x-ct-exchange',
  /** Subject of the certificate by which the client has proved who it is (RFC 4514); static backends get it too. */
  subject: 'x-ct-client-subject',
  /** On a 421 answer of an edge: why. */
  refusal: 'x-ct-refusal',
  /** On the head of an upgrade that is sent as a plain request: would you take the client's own connection? */
  handoff: 'x-ct-handoff',
} as const;

/** Addresses of an edge by which a front door moves a session; no client's path leads there. */
export const moveTargets = {
  /** Brings the session to rest, lets it go and answers with what the next edge needs. */
  release: '/ct-move/release',
  /** Hands over what the previous edge has let go. */
  prepare: '/ct-move/prepare',
} as const;

/** On `release`: the epoch under which the edge may have the session back. */
export const backEpochHeader = 'x-ct-back-epoch';

/** The largest session that moves; kept in memory until it has its next owner. */
export const snapshotMaxBytes = 67_108_864;
