/** Goes along with another member: opens the file where they are, and tells the editor where in it. */
import { ClientTextSelection } from 'open-collaboration-protocol';
import type { Store } from '../store.ts';
import type { OpenFiles } from './open-files.ts';
import type { SessionView } from './session-view.ts';
import type { SharedDocuments } from './shared-documents.ts';

interface Followable {
  readonly store: Store<SessionView>;
  readonly documents: SharedDocuments;
  readonly files: OpenFiles;
}

export class Follower {
  readonly #session: Followable;
  /** The editor brings the followed member's place into view. */
  onPlace: (() => void) | undefined;

  constructor(session: Followable) {
    this.#session = session;
    session.documents.awareness.on('change', this.#look);
  }

  follow(peer: string): void {
    this.#session.store.set({ following: peer });
    this.#look();
  }

  stop(): void {
    if (this.#session.store.value.following !== undefined) this.#session.store.set({ following: undefined });
  }

  close(): void {
    this.#session.documents.awareness.off('change', this.#look);
  }

  readonly #look = (): void => {
    const { store, documents, files } = this.#session;
    const { following } = store.value;
    if (following === undefined) return;
    const selection = documents.presences().find(({ peer }) => peer === following)?.selection;
    if (!ClientTextSelection.is(selection)) return;
    if (files.store.value.active === selection.path) this.onPlace?.();
    else void files.open(selection.path);
  };
}
