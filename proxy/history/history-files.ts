/**
 * Files of what happened and how the pool was used, in the folder of the log: `file-formats.ts` has their lines. A line is written once
 * its record is stored, so what a process that is killed had not written yet is in the journal alone.
 */
import { join } from 'node:path';
import { csvLine } from '#shared/csv.ts';
import { sessionEvents } from '#shared/journal/journal-words.ts';
import type { JournalEntry, JournalRecord } from '#shared/journal/journal-record.ts';
import type { JournalEvent } from '#shared/journal/journal-words.ts';
import { LogFile } from '#shared/log-file.ts';
import { logFileBounds } from '#shared/log-places.ts';
import { LogSink } from '#shared/log-sink.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { isoTime } from '#shared/time-zone.ts';
import { fileFormats } from './file-formats.ts';
import type { Fields, FileFormat, FileName } from './file-formats.ts';
import type { Download, EndedSession } from './history.ts';

const told: ReadonlySet<JournalEvent> = new Set(sessionEvents);

export interface UsageLine {
  readonly users: number;
  readonly members: number;
  readonly sessions: number;
  readonly connections: number;
  readonly peakConnections: number;
  readonly lagMs: number;
}

interface HistoryFilesOptions {
  readonly settings: Settings;
  readonly onDropped: (file: string, lines: number, cause: string) => void;
}

export class HistoryFiles {
  readonly #sinks: Readonly<Record<FileName, LogSink>>;

  /** Undefined where the log has no folder. Throws where a file cannot be opened. */
  static open({ settings, onDropped }: HistoryFilesOptions): HistoryFiles | undefined {
    const folder = settings.CT_LOG_DIR;
    if (folder === '') return undefined;
    const openSink = (name: FileName): LogSink => {
      const { file, form, fields }: FileFormat = fileFormats[name];
      const head = form === 'csv' ? `${Object.keys(fields).join(',')}\n` : '';
      const target = new LogFile(join(folder, file), { ...logFileBounds(settings), head });
      return new LogSink(target, settings.CT_LOG_HELD_MAX_BYTES, (lines, cause) =>
        onDropped(file, lines, cause),
      );
    };
    return new HistoryFiles({
      sessions: openSink('sessions'),
      usage: openSink('usage'),
      sessionMetrics: openSink('sessionMetrics'),
      downloadMetrics: openSink('downloadMetrics'),
    });
  }

  private constructor(sinks: Readonly<Record<FileName, LogSink>>) {
    this.#sinks = sinks;
    process.on('SIGUSR1', () => Object.values(sinks).forEach((sink) => sink.reopen()));
  }

  /** Records that nobody has told before. */
  addRecords(records: readonly JournalRecord[]): void {
    for (const record of records)
      if (record.kind === 'entry' && told.has(record.event)) this.#add('sessions', fieldsOfEntry(record));
  }

  addEnded(sessions: readonly EndedSession[]): void {
    for (const session of sessions) {
      this.#add('sessionMetrics', {
        begun: isoTime(session.begunMs),
        ended: isoTime(session.endedMs),
        length_seconds: (session.endedMs - session.begunMs) / 1_000,
        participants: session.participants,
        host_client: session.client,
        host_version: session.version,
        reason: session.reason,
        edge: session.edge,
        session: session.key,
      });
    }
  }

  addDownload({ client, version, file, bytes, address }: Download, nowMs: number): void {
    this.#add('downloadMetrics', { time: isoTime(nowMs), client, version, file, bytes, address });
  }

  addUsage(line: UsageLine, nowMs: number): void {
    this.#add('usage', {
      time: isoTime(nowMs),
      users_online: line.users,
      users_in_sessions: line.members,
      sessions: line.sessions,
      connections: line.connections,
      peak_connections: line.peakConnections,
      lag_ms: Math.round(line.lagMs * 1_000) / 1_000,
    });
  }

  async flush(): Promise<void> {
    await Promise.all(Object.values(this.#sinks).map(async (sink) => await sink.flush()));
  }

  #add<N extends FileName>(name: N, fields: Fields<N>): void {
    this.#sinks[name].add(lineOf(name, fields));
  }
}

/** With its end. */
export function lineOf(name: FileName, fields: Readonly<Record<string, string | number>>): string {
  const format: FileFormat = fileFormats[name];
  const values = Object.keys(format.fields).map((field) => [field, fields[field]!] as const);
  return format.form === 'csv' ? csvLine(values.map(([, value]) => value)) : wordsOf(values);
}

function fieldsOfEntry({
  atMs,
  event,
  key,
  origin,
  subject,
  client,
  detail,
}: JournalEntry): Fields<'sessions'> {
  const isOfMember = event.startsWith('member.');
  return {
    time: isoTime(atMs),
    event,
    session: key,
    edge: origin,
    participant: isOfMember ? subject : '',
    client,
    detail,
  };
}

/** `TIME name=value ...`; what is no plain word is quoted as JSON, so that no name makes a line or a field of its own. */
function wordsOf(values: readonly (readonly [string, string | number])[]): string {
  const [[, time], ...others] = values as [readonly [string, string | number], ...typeof values];
  const words = others
    .filter(([, value]) => value !== '')
    .map(([field, value]) => `${field}=${isPlain(String(value)) ? value : JSON.stringify(value)}`);
  return `${[time, ...words].join(' ')}\n`;
}

function isPlain(text: string): boolean {
  return /^[\w.:/@+-]+$/.test(text);
}
