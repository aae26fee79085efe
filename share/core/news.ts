/** What a host or a guest of the command line is told, by name: with `--json` each is a line. */

export type News =
  | FileNews
  | {
      readonly event: 'session.opened';
      readonly key: string;
      /** For a browser; editors take the key, or `code`. */
      readonly link: string;
      readonly code: string;
      readonly folder: string;
      readonly isReadOnly: boolean;
    }
  | { readonly event: 'session.joined'; readonly key: string; readonly host: string; readonly folder: string }
  | {
      readonly event: 'session.ended';
      readonly reason: EndReason;
      /** What the server or the host said of it. */
      readonly message?: string | undefined;
      readonly unsaved: readonly string[];
    }
  | ({ readonly event: 'guest.asked'; readonly id: string } & Applicant)
  | ({ readonly event: 'guest.admitted' | 'guest.refused' } & Applicant)
  | ({ readonly event: 'member.joined' | 'member.left' } & MemberView)
  | {
      readonly event: 'change.made';
      readonly what: ChangeWhat;
      readonly by: string;
      readonly path: string;
      readonly to?: string;
    }
  | { readonly event: 'chat.said'; readonly from: string; readonly text: string; readonly isDirect: boolean }
  | { readonly event: 'line.lost' | 'line.back' }
  | { readonly event: 'login.needed'; readonly url: string }
  | FetchNews
  | { readonly event: 'join.asked' }
  | { readonly event: 'file.sent'; readonly path: string }
  | { readonly event: 'file.skipped'; readonly path: string; readonly reason: string }
  | { readonly event: 'file.kept'; readonly path: string; readonly copy: string }
  | { readonly event: 'trouble.met'; readonly reason: string };

export interface FetchNews {
  readonly event: 'folder.fetched';
  /** What the session has, as far as it is known; all of it once `isListed`. */
  readonly folders: number;
  readonly found: number;
  readonly isListed: boolean;
  /** What is here. */
  readonly files: number;
  readonly bytes: number;
  readonly skipped: number;
  readonly isDone: boolean;
}

export type ChangeWhat = 'written' | 'folder' | 'deleted' | 'renamed';

/**
 * `left`: we did; `closed`: the host or an administrator did; `lost`: no way back within 30 s; `refused`: the server does not
 * let us in any more.
 */
export type EndReason = 'left' | 'closed' | 'lost' | 'refused';

/** Whether somebody, rather than a fault, has ended it. */
export function isWanted(reason: EndReason): boolean {
  return reason === 'left' || reason === 'closed';
}

export interface Applicant {
  readonly name: string;
  readonly email?: string | undefined;
  /** How they logged in; undefined where the server does not say. */
  readonly login?: string | undefined;
}

export interface MemberView {
  readonly id: string;
  readonly name: string;
  readonly email?: string | undefined;
  readonly isHost: boolean;
}

export interface Standing {
  readonly members: readonly MemberView[];
  readonly isConnected: boolean;
  readonly openFiles: number;
  readonly unsaved: number;
}

export type FileNews =
  | { readonly event: 'file.opened' | 'file.saved' | 'file.merged' | 'file.gone'; readonly path: string }
  | { readonly event: 'file.refused' | 'file.unsaved'; readonly path: string; readonly reason: string };
