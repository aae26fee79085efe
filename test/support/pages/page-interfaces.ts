/** What the scripts of the pages offer to tests, by the names under which they put it into the page. */
import type { PageSpeaker } from './page-speaker.ts';

/** `globalThis.guests` of `oct-page.ts`, which has `join`, and of `socket-io-page.ts`, which has the others. */
export interface Guests {
  readonly speakers: readonly PageSpeaker[];
  join(url: string, key: string, loginToken: string): Promise<void>;
  enter(ticket: Ticket): void;
  /** The ids of all members of the session, told before anybody talks. */
  know(ids: readonly string[]): void;
}

export interface Ticket {
  readonly release: '4.6' | '4.7' | '4.8';
  readonly token: string;
  readonly publicKey: string;
}

/** `globalThis.documents` of `y-page.ts`. */
export interface Documents {
  open(url: string, name: string, release: '2' | '3'): void;
  /** Every client writes the line at the top of its document. */
  write(line: string): void;
  texts(): string[];
}

/** `globalThis.editor` of `other-origin-page.ts`. */
export interface EditorInPage {
  host(url: string): Promise<string>;
  join(url: string, key: string): Promise<string>;
}
