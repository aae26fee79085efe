/**
 * Notes which requests of a session wait, so that whoever asked is told of the failure by the next edge. Noted behind
 * the requests, not before them: one that is answered soon is never written, and none waits for the disk.
 */
import { Packr } from 'msgpackr';
import { AppError } from '#shared/errors.ts';
import { readRequests, takeRequests } from '../core/session-snapshot.ts';
import type { SessionSnapshot } from '../core/session-snapshot.ts';
import type { SessionState } from '../core/session-state.ts';
import type { SessionRef } from '../store/document-store.ts';
import type { RosterStore } from '../store/roster-store.ts';

interface NotesOptions {
  readonly ref: SessionRef;
  readonly store: RosterStore;
  readonly nowMs: () => number;
  /** As they are stored. */
  readonly noted: SessionState['requests'] | undefined;
  /** As they are now. */
  readonly current: () => SessionState['requests'];
  /** False before the key is claimed. */
  readonly mayWrite: () => boolean;
  readonly onFenced: () => void;
}

/** Some 20 writes a second of a session in which something always waits; most answers come sooner. */
const noteDelayMs = 50;
const packr = new Packr({ useRecords: false });

export class RequestNotes {
  readonly #options: NotesOptions;
  #noted: SessionState['requests'];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;

  constructor(options: NotesOptions) {
    this.#options = options;
    this.#noted = options.noted ?? new Map();
  }

  /** They may have changed. */
  touch(): void {
    if (this.#timer !== undefined || this.#isOver || !this.#options.mayWrite()) return;
    this.#timer = setTimeout(() => void this.#write(), noteDelayMs).unref();
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    const { ref, store, nowMs, current, onFenced } = this.#options;
    const requests = current();
    if (!hasSameKeys(requests, this.#noted)) {
      const bytes = requests.size === 0 ? undefined : packr.pack(takeRequests(requests, nowMs()));
      // A failure costs those who ask their answer at once, and nobody anything else: they wait until their deadline.
      const result = await store.saveRequests(ref, bytes).catch(() => undefined);
      if (this.#isOver) return;
      if (result?.kind === 'fenced') return onFenced();
      if (result !== undefined) this.#noted = requests;
    }
    this.#timer = undefined;
    if (current() !== requests) this.touch();
  }
}

/** Throws `snapshot-refused`. */
export function unpackRequests(bytes: Uint8Array | undefined): SessionSnapshot['requests'] {
  if (bytes === undefined) return [];
  let value: unknown;
  try {
    value = packr.unpack(bytes);
  } catch (cause) {
    throw new AppError('snapshot-refused', { cause });
  }
  return readRequests(value);
}

function hasSameKeys(one: ReadonlyMap<string, unknown>, other: ReadonlyMap<string, unknown>): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key));
}
