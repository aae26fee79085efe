/**
 * The dashboard's one connection: takes the snapshot and the changes, comes back by itself when it breaks, and says at any time
 * whether what is shown is live.
 */
import { applyChange, edgeSamplesMax, poolSamplesMax } from '../live/picture.ts';
import type { History, Picture, PictureChange, Snapshot } from '../live/picture.ts';

/** `out`: whoever looks has to log in again. */
export type LinkState = 'connecting' | 'live' | 'lost' | 'out';

export interface LiveView {
  readonly state: LinkState;
  /** When something was heard last, since 1970. */
  readonly heardAtMs: number;
  readonly version: string;
  readonly picture: Picture | undefined;
  readonly history: History | undefined;
}

/** The server gives a sign of life every 10 s. */
const silenceMaxMs = 25_000;
const retryMinMs = 1_000;
const retryMaxMs = 10_000;
const viewerMaxMs = 10_000;

export class LiveLink {
  #view: LiveView = {
    state: 'connecting',
    heardAtMs: 0,
    version: '',
    picture: undefined,
    history: undefined,
  };
  readonly #listeners = new Set<(view: LiveView) => void>();
  #source: EventSource | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #retryMs = retryMinMs;

  get view(): LiveView {
    return this.#view;
  }

  subscribe(listener: (view: LiveView) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  open(): void {
    const source = new EventSource('/dashboard/live');
    this.#source = source;
    this.#hear(source, 'snapshot', (data) => {
      const { version, picture, history } = data as Snapshot;
      this.#retryMs = retryMinMs;
      this.#show({ version, picture, history });
    });
    this.#hear(source, 'change', (data) => {
      const { picture } = this.#view;
      if (picture !== undefined) this.#show({ picture: applyChange(picture, data as PictureChange) });
    });
    this.#hear(source, 'sample', () => this.#show({ history: extend(this.#view) }));
    this.#hear(source, 'beat', () => this.#show({}));
    source.addEventListener('pause', () => this.#lose(retryMinMs / 2));
    // The stream was opened with a login that other requests may have prolonged.
    source.addEventListener('out', () => this.#lose(this.#retryMs));
    source.addEventListener('error', () => this.#lose(this.#retryMs));
    this.#await();
  }

  #hear(source: EventSource, event: string, take: (data: unknown) => void): void {
    source.addEventListener(event, (message: MessageEvent<string>) => {
      if (source !== this.#source) return;
      this.#await();
      take(JSON.parse(message.data));
    });
  }

  /** A connection that has died without a word is not noticed otherwise. */
  #await(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(retryMinMs), silenceMaxMs);
  }

  #show(more: Partial<LiveView>): void {
    this.#set({ ...this.#view, ...more, state: 'live', heardAtMs: Date.now() });
  }

  #set(view: LiveView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener(view);
  }

  #lose(pauseMs: number): void {
    if (this.#source === undefined) return;
    this.#close();
    this.#set({ ...this.#view, state: 'lost' });
    this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs);
    setTimeout(() => void this.#comeBack(), pauseMs * (0.75 + Math.random() / 2));
  }

  /** An event source does not tell why it was refused. */
  async #comeBack(): Promise<void> {
    const status = await fetch('/dashboard/viewer', { signal: AbortSignal.timeout(viewerMaxMs) }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 401 || status === 403) this.#end();
    else this.open();
  }

  #end(): void {
    this.#close();
    this.#set({ ...this.#view, state: 'out' });
  }

  #close(): void {
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#source = undefined;
  }
}

/** With what the picture says now. */
function extend({ picture, history }: LiveView): History | undefined {
  if (picture === undefined || history === undefined) return history;
  const { users, sessions, connections, lagMs } = picture.pool;
  const add = (samples: readonly number[] | undefined, value: number, max: number): number[] =>
    [...(samples ?? []), value].slice(-max);
  return {
    users: add(history.users, users, poolSamplesMax),
    sessions: add(history.sessions, sessions, poolSamplesMax),
    connections: add(history.connections, connections, poolSamplesMax),
    lagMs: add(history.lagMs, lagMs, poolSamplesMax),
    edges: Object.fromEntries(
      Object.entries(picture.edges).map(([id, edge]) => [
        id,
        add(history.edges[id], edge.sessions, edgeSamplesMax),
      ]),
    ),
  };
}
