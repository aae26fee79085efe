/** Where the lines of a process go: events and exchanges to standard output, or each to a file of its own. */
import { join } from 'node:path';
import { LogFile } from './log-file.ts';
import type { LogFileBounds } from './log-file.ts';
import { openStandardOutput } from './log-output.ts';
import { LogSink, isGone } from './log-sink.ts';
import type { LogTarget } from './log-sink.ts';
import { settingsSchema } from './settings/schema.ts';
import type { Settings } from './settings/schema.ts';

export interface LogPlaces {
  readonly events: LogTarget;
  /** Undefined: the same place. */
  readonly exchanges: LogTarget | undefined;
  /** What each holds back at most while its target takes nothing. */
  readonly heldMaxBytes: number;
}

type LogSettings = Pick<
  Settings,
  | 'CT_LOG_DIR'
  | 'CT_LOG_HELD_MAX_BYTES'
  | 'CT_LOG_FILE_MAX_BYTES'
  | 'CT_LOG_FILE_MAX_HOURS'
  | 'CT_LOG_FILES_KEPT'
>;

const hourMs = 3_600_000;
const heldByDefaultBytes: number = settingsSchema.CT_LOG_HELD_MAX_BYTES.default;

/** `name` is that of the file of events; only front doors settle exchanges. Throws where a file cannot be opened. */
export function openLogPlaces(settings: LogSettings, name: string, hasExchanges = false): LogPlaces {
  const folder = settings.CT_LOG_DIR;
  const heldMaxBytes = settings.CT_LOG_HELD_MAX_BYTES;
  if (folder === '') return standardPlaces(heldMaxBytes);
  const bounds = logFileBounds(settings);
  const places = {
    heldMaxBytes,
    events: new LogFile(join(folder, `${name}.log`), bounds),
    exchanges: hasExchanges ? new LogFile(join(folder, 'access.log'), bounds) : undefined,
  };
  // Without a listener it would open Node's inspector, as it still does where there are no files.
  process.on('SIGUSR1', () => {
    places.events.reopen();
    places.exchanges?.reopen();
  });
  return places;
}

/** The same for all files of a process. */
export function logFileBounds(settings: LogSettings): LogFileBounds {
  return {
    maxBytes: settings.CT_LOG_FILE_MAX_BYTES,
    maxAgeMs: settings.CT_LOG_FILE_MAX_HOURS * hourMs,
    keptFiles: settings.CT_LOG_FILES_KEPT,
  };
}

export function standardPlaces(heldMaxBytes = heldByDefaultBytes): LogPlaces {
  return { events: openStandardOutput(), exchanges: undefined, heldMaxBytes };
}

type TellDropped = (log: 'events' | 'exchanges', lines: number, cause: string) => void;

/** The two ways out, which are one where both go to the same place. */
export class LogSinks {
  readonly #events: LogSink;
  readonly #exchanges: LogSink;
  #hearer: (lines: number) => void = () => undefined;

  /** `onDropped` hears of lines that were dropped as soon as it goes on. */
  constructor({ events, exchanges, heldMaxBytes }: LogPlaces, onDropped: TellDropped) {
    const hear =
      (log: 'events' | 'exchanges') =>
      (lines: number, cause: string): void => {
        this.#hearer(lines);
        // A line that says so would be dropped, too, and have a line of its own, for ever.
        if (!isGone(cause)) onDropped(log, lines, cause);
      };
    this.#events = new LogSink(events, heldMaxBytes, hear('events'));
    this.#exchanges =
      exchanges === undefined ? this.#events : new LogSink(exchanges, heldMaxBytes, hear('exchanges'));
  }

  addEvent(line: string): void {
    this.#events.add(line);
  }

  addExchange(line: string): void {
    this.#exchanges.add(line);
  }

  hearDropped(hearer: (lines: number) => void): void {
    this.#hearer = hearer;
  }

  async flush(): Promise<void> {
    await Promise.all([...new Set([this.#events, this.#exchanges])].map(async (sink) => await sink.flush()));
  }
}
