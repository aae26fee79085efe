/** What is known of the session, as the page shows it. */
import type { Peer, User, Workspace } from 'open-collaboration-protocol';

export interface LinkView {
  /** `away`: it comes back by itself. */
  readonly state: 'connecting' | 'up' | 'away' | 'over';
  readonly edge: string | undefined;
  readonly epoch: string | undefined;
  /** How often the connection was lost and came back. */
  readonly returns: number;
}

export interface ChatLine {
  readonly id: number;
  readonly from: string;
  readonly name: string;
  readonly text: string;
  readonly isDirect: boolean;
}

export interface JoinQuestion {
  readonly id: number;
  readonly user: User;
  readonly answer: (isLetIn: boolean) => void;
}

export interface SessionView {
  readonly key: string;
  readonly self: Peer | undefined;
  readonly members: readonly Peer[];
  readonly workspace: Workspace;
  readonly isReadOnly: boolean;
  readonly link: LinkView;
  readonly chat: readonly ChatLine[];
  readonly unread: number;
  readonly writing: readonly string[];
  readonly questions: readonly JoinQuestion[];
  /** The member whom the page goes along with. */
  readonly following: string | undefined;
  /** Why it is over. */
  readonly end: string | undefined;
}
