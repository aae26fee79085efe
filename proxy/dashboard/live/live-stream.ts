/**
 * The one stream of a dashboard: server-sent events, first a snapshot, then what changes, twice a second at most. Made once for
 * all viewers; nothing is looked at while there is none. Who takes the events too slowly gets a new snapshot in their place.
 */
import { AppError } from '#shared/errors.ts';
import { version } from '#shared/version.ts';
import type { PiecewiseBody } from '../../wire/answer-body.ts';
import { differ, sampleIntervalMs } from './picture.ts';
import type { Picture, PictureChange, Snapshot } from './picture.ts';
import type { PoolWatch } from './pool-watch.ts';

interface StreamOptions {
  readonly watch: Pick<PoolWatch, 'look' | 'sample' | 'history'>;
  /** Streams end with it, and their browsers come back to whoever serves then. */
  readonly signal: AbortSignal;
  readonly lookIntervalMs?: number;
}

/** What waits for one viewer. */
const waitingMaxBytes = 65_536;
/** Silence that a browser, and whatever is in between, takes for a sign of life. */
const beatIntervalMs = 10_000;
const lookIntervalMs = 500;
const viewersMax = 64;

interface Viewer {
  readonly isStillIn: () => boolean;
  waiting: Buffer[];
  waitingBytes: number;
  /** It gets a snapshot next. */
  isBehind: boolean;
  wake: (() => void) | undefined;
}

export class LiveStream {
  readonly #options: StreamOptions;
  readonly #viewers = new Set<Viewer>();
  #picture: Picture | undefined;
  #looking: NodeJS.Timeout | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    const sampling = setInterval(() => this.#sample(), sampleIntervalMs).unref();
    options.signal.addEventListener('abort', () => {
      clearInterval(sampling);
      clearTimeout(this.#looking);
      for (const viewer of this.#viewers) viewer.wake?.();
    });
  }

  /** A viewer from now on: its pieces have to be asked for. Throws `too-many-waiting` where as many watch already as may. */
  open(signal: AbortSignal, isStillIn: () => boolean): PiecewiseBody {
    if (this.#viewers.size >= viewersMax) throw new AppError('too-many-waiting');
    const viewer: Viewer = { isStillIn, waiting: [], waitingBytes: 0, isBehind: true, wake: undefined };
    this.#viewers.add(viewer);
    return { pieces: this.#follow(viewer, AbortSignal.any([signal, this.#options.signal])) };
  }

  async *#follow(viewer: Viewer, signal: AbortSignal): AsyncGenerator<Buffer> {
    try {
      if (this.#picture === undefined) {
        const picture = await this.#options.watch.look();
        // Somebody else may have been shown one in the meantime, and is told of changes to that one.
        this.#picture ??= picture;
      }
      this.#lookAgain();
      while (!signal.aborted) {
        if (!viewer.isStillIn()) {
          yield format('out', {});
          return;
        }
        const piece = this.#take(viewer);
        if (piece === undefined) await this.#rest(viewer, signal);
        yield piece ?? this.#take(viewer) ?? format('beat', {});
      }
      yield format('pause', {});
    } finally {
      this.#viewers.delete(viewer);
      if (this.#viewers.size === 0) this.#stopLooking();
    }
  }

  #take(viewer: Viewer): Buffer | undefined {
    if (viewer.isBehind) {
      viewer.isBehind = false;
      viewer.waiting = [];
      viewer.waitingBytes = 0;
      const { history } = this.#options.watch;
      return format('snapshot', { version, picture: this.#picture!, history } satisfies Snapshot);
    }
    if (viewer.waiting.length === 0) return undefined;
    const piece = Buffer.concat(viewer.waiting);
    viewer.waiting = [];
    viewer.waitingBytes = 0;
    return piece;
  }

  /** Until there is something to say, or a sign of life is due. */
  async #rest(viewer: Viewer, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        viewer.wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, beatIntervalMs).unref();
      signal.addEventListener('abort', wake, { once: true });
      viewer.wake = wake;
    });
  }

  #lookAgain(): void {
    this.#looking ??= setTimeout(
      () => void this.#look(),
      this.#options.lookIntervalMs ?? lookIntervalMs,
    ).unref();
  }

  async #look(): Promise<void> {
    const own = this.#looking;
    const after = await this.#options.watch.look();
    // All have left in the meantime, and who came since has begun anew.
    if (this.#looking !== own) return;
    this.#looking = undefined;
    if (this.#viewers.size === 0 || this.#options.signal.aborted) return this.#stopLooking();
    // What the viewers have by now: the last one may have come while we looked.
    const before = this.#picture ?? after;
    this.#picture = after;
    const change = differ(before, after);
    if (change !== undefined) this.#tell(format('change', change satisfies PictureChange));
    this.#lookAgain();
  }

  #stopLooking(): void {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    // Whoever comes next is shown what is then.
    this.#picture = undefined;
  }

  #sample(): void {
    this.#options.watch.sample();
    this.#tell(format('sample', {}));
  }

  #tell(event: Buffer): void {
    for (const viewer of this.#viewers) {
      if (!viewer.isBehind) {
        viewer.waiting.push(event);
        viewer.waitingBytes += event.length;
        if (viewer.waitingBytes > waitingMaxBytes) viewer.isBehind = true;
      }
      viewer.wake?.();
    }
  }
}

function format(event: string, data: object): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
