/** Whoever has passed the gate: what stands behind it is asked in their name, with what they may do. */
import type { AdminRole } from '#shared/admin-operation.ts';
import type { LocalAnswer, LocalRequest } from '../../local-answer.ts';

export interface Viewer {
  /** For the audit. */
  readonly name: string;
  readonly role: AdminRole;
  /** How they proved who they are. */
  readonly by: 'password' | 'basic' | 'sso';
  /** What each request that changes something has to carry in `x-csrf-token`; the gate has seen to it. Empty with `basic`. */
  readonly csrf: string;
  /** For what goes on longer than a request: false once the login is over, or its password has changed. */
  readonly isStillIn: () => boolean;
}

/** What is behind the gate. Answers may bring their own policies; what they leave out the gate adds. */
export type AnswerViewer = (viewer: Viewer, request: LocalRequest) => Promise<LocalAnswer>;
