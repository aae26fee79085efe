/**
 * The documents that are open on this edge, by session. Loads each once however many ask for it, keeps it
 * while somebody holds it, writes a snapshot when the last one lets go, and forgets whole sessions at once.
 */
import { toAppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { CapacityCheck, AdmittedExchange, SessionSize } from '../adapter.ts';
import type { DocumentRef, DocumentStore, SessionRef } from '../store/document-store.ts';
import { documentsPerKeyMax, flushDeadlineMs, restDeadlineMs } from './limits.ts';
import { LiveDocument } from './live-document.ts';

interface DocumentsOptions {
  readonly store: DocumentStore;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly nowMs: () => number;
  readonly hasCapacity: CapacityCheck;
  readonly pendingMaxBytes: number;
}

interface Session {
  readonly key: AffinityKey;
  readonly epoch: Epoch;
  readonly log: Log;
  readonly holdings: Map<string, Holding>;
  /** It begins with its first member: of one to which nobody was let in nothing is told. */
  hasBegun: boolean;
}

interface Holding {
  readonly ref: DocumentRef;
  /** Who uses the document or is about to; 0 ends it. */
  holds: number;
  loading: Promise<void>;
  live: LiveDocument | undefined;
  endedBy: ErrorCode | undefined;
}

export type OpenedDocument =
  | {
      readonly kind: 'open';
      readonly document: LiveDocument;
      /** Somebody is let in. */
      readonly enter: () => void;
      readonly release: () => void;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export class Documents {
  readonly #options: DocumentsOptions;
  readonly #sessions = new Map<AffinityKey, Session>();
  #isClosing = false;

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  get held(): readonly SessionRef[] {
    return [...this.#sessions.values()].map(({ key, epoch }) => ({ key, epoch }));
  }

  /** Gives the document, loaded; who gets it must release it once. Never rejects. */
  async open(exchange: AdmittedExchange, document: string): Promise<OpenedDocument> {
    const session = this.#enter(exchange);
    if (typeof session === 'string') return { kind: 'refused', code: session };
    const known = session.holdings.get(document);
    if (known === undefined && session.holdings.size >= documentsPerKeyMax) {
      return { kind: 'refused', code: 'session-full' };
    }
    const holding = known ?? this.#load(session, document);
    holding.holds++;
    await holding.loading;
    if (holding.endedBy !== undefined) return { kind: 'refused', code: holding.endedBy };
    return {
      kind: 'open',
      document: holding.live!,
      enter: () => begin(session),
      release: () => {
        holding.holds--;
        if (holding.holds === 0) void this.#retire(session, holding);
      },
    };
  }

  list(): SessionSize[] {
    return [...this.#sessions.values()].map(({ key, holdings }) => {
      const holds = [...holdings.values()].map((holding) => holding.holds);
      return { key, members: holds.reduce((sum, count) => sum + count, 0), bytes: 0 };
    });
  }

  /** The session takes no more updates, and what came is written, within a deadline. */
  async rest(key: AffinityKey): Promise<void> {
    const holdings = [...(this.#sessions.get(key)?.holdings.values() ?? [])];
    await withinDeadline(Promise.all(holdings.map(finish)), restDeadlineMs);
  }

  /** Closes what is open of the session and writes no more. */
  drop(key: AffinityKey, code: ErrorCode): void {
    const session = this.#sessions.get(key);
    for (const holding of session?.holdings.values() ?? []) this.#end(session!, holding, code);
  }

  /** Takes no more updates, writes what came, within a deadline, and closes everything. */
  async close(code: ErrorCode): Promise<void> {
    this.#isClosing = true;
    const holdings = [...this.#sessions.values()].flatMap((session) => [...session.holdings.values()]);
    const finished = Promise.all(holdings.map(async (holding) => await finish(holding)));
    await withinDeadline(finished, flushDeadlineMs);
    for (const key of this.#sessions.keys()) this.drop(key, code);
  }

  #enter({ key, epoch, exchangeId }: AdmittedExchange): Session | ErrorCode {
    if (this.#isClosing) return 'edge-leaving';
    const known = this.#sessions.get(key);
    if (known?.epoch === epoch) return known;
    if (known !== undefined && known.epoch > epoch) return 'stale-epoch';
    if (known === undefined && !this.#options.hasCapacity()) return 'edge-full';
    this.drop(key, 'stale-epoch');
    const log = this.#options.log.child({ adapter: 'y', epoch, exchange: exchangeId });
    const session = { key, epoch, log, holdings: new Map<string, Holding>(), hasBegun: false };
    this.#sessions.set(key, session);
    return session;
  }

  #load(session: Session, document: string): Holding {
    const { key, epoch } = session;
    const ref = { key, epoch, document };
    const holding: Holding = {
      ref,
      holds: 0,
      loading: Promise.resolve(),
      live: undefined,
      endedBy: undefined,
    };
    session.holdings.set(document, holding);
    holding.loading = this.#fill(session, holding);
    return holding;
  }

  async #fill(session: Session, holding: Holding): Promise<void> {
    const { store, metrics, nowMs, pendingMaxBytes } = this.#options;
    try {
      const stored = await store.load(holding.ref);
      if (holding.endedBy !== undefined) return;
      if (stored.kind === 'fenced') return this.#fence(session);
      holding.live = new LiveDocument(stored, {
        ref: holding.ref,
        store,
        metrics,
        nowMs,
        pendingMaxBytes,
        onFenced: () => this.#fence(session),
        onFailed: (error) => this.#fail(session, holding, error),
        onDamaged: (error) => this.#abandon(session, holding, error),
        onCompactionFailed: (error) => noteFailure(session, error),
      });
    } catch (error) {
      this.#fail(session, holding, error);
    }
  }

  async #retire(session: Session, holding: Holding): Promise<void> {
    if (holding.endedBy !== undefined) return;
    await holding.live?.finish();
    // Somebody may have come meanwhile.
    if (holding.holds === 0) this.#end(session, holding, 'client-left');
  }

  #fence(session: Session): void {
    if (this.#sessions.get(session.key) !== session) return;
    session.log.warn('session.fenced');
    this.drop(session.key, 'fenced');
  }

  #fail(session: Session, holding: Holding, error: unknown): void {
    noteFailure(session, error);
    this.#end(session, holding, toAppError(error).code);
  }

  /** The other members come back at once, and find the document as it is stored. */
  #abandon(session: Session, holding: Holding, error: unknown): void {
    session.log.warn('exchange.failed', { code: 'message-malformed', error });
    this.#end(session, holding, 'internal');
  }

  #end(session: Session, holding: Holding, code: ErrorCode): void {
    if (holding.endedBy !== undefined) return;
    holding.endedBy = code;
    holding.live?.end(code);
    session.holdings.delete(holding.ref.document);
    if (session.holdings.size > 0 || this.#sessions.get(session.key) !== session) return;
    this.#sessions.delete(session.key);
    if (session.hasBegun) session.log.info('session.ended', { reason: code, audit: { key: session.key } });
  }
}

function begin(session: Session): void {
  if (session.hasBegun) return;
  session.hasBegun = true;
  session.log.info('session.opened', { audit: { key: session.key } });
}

function noteFailure(session: Session, error: unknown): void {
  const { code } = toAppError(error);
  session.log.error(code === 'store-unavailable' ? 'store.failed' : 'exchange.failed', { code, error });
}

async function finish(holding: Holding): Promise<void> {
  await holding.loading;
  holding.live?.freeze();
  await holding.live?.finish();
}

async function withinDeadline(work: Promise<unknown>, deadlineMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, deadlineMs);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
