/**
 * What the pool remembers of its use over days: sessions, people, clients, downloads. Days begin and end in the time zone of
 * `CT_TIME_ZONE`. Several front doors tell and ask one history; nobody's name, key or address is in it.
 */

/** A file of a client that somebody has got to its end; one that comes in parts is told once. HEAD, and a look at the end, are none. */
export interface Download {
  /** Which client, as `vscode`, `jetbrains`, `cli`. */
  readonly client: string;
  readonly version: string;
  /** Path below the folder of downloads. */
  readonly file: string;
  /** Size of the file. */
  readonly bytes: number;
  /** Who asked, for `download-metrics.csv` alone. */
  readonly address: string;
}

/** A session that is over, as `session-metrics.csv` has it. */
export interface EndedSession {
  /** Hash of the key, as the log has it. */
  readonly key: string;
  readonly begunMs: number;
  readonly endedMs: number;
  /** People who took part, each once; of members without a login the most at once. */
  readonly participants: number;
  readonly reason: string;
  /** On which it ended. */
  readonly edge: string;
  /** Of its host. */
  readonly client: string;
  readonly version: string;
}

/** What a front door tells the history. */
export interface HistoryTeller {
  /** Counts a download; never waits and never fails. */
  countDownload(download: Download): void;
}

/** How often a client was seen; `unidentified` where it did not say what it is, and then without a version. */
export interface ClientCount {
  readonly client: string;
  readonly version: string;
  readonly count: number;
}

export interface Lengths {
  readonly averageSeconds: number;
  readonly maximumSeconds: number;
}

export interface Participants {
  readonly average: number;
  readonly maximum: number;
}

/** One day; all figures are 0 where nothing happened. */
export interface HistoryDay {
  /** As 2026-11-28. */
  readonly day: string;
  /** Sessions that began. */
  readonly sessions: number;
  /** Sessions that ended, which length and participants are about. */
  readonly ended: number;
  readonly length: Lengths;
  readonly participants: Participants;
  /** Most session connections of the whole pool at once. */
  readonly peakConnections: number;
  /** Mean of how late the event loops of the edges were. */
  readonly averageLagMs: number;
  readonly downloads: number;
}

/** The last days together. */
export interface HistorySummary {
  readonly uniqueUsers: number;
  readonly sessions: number;
  readonly ended: number;
  readonly length: Lengths;
  readonly participants: Participants;
  readonly peakConnections: number;
  readonly averageLagMs: number;
  readonly downloads: number;
}

/** Today and the days before it, so many in all. */
export interface HistoryAsker {
  /** Different people who are in sessions of whichever edge, as far as edges have told. */
  present(): Promise<number>;
  summary(days: number): Promise<HistorySummary>;
  /** Oldest first, none left out. */
  days(days: number): Promise<readonly HistoryDay[]>;
  /** Most first. */
  clients(days: number): Promise<{ hosts: readonly ClientCount[]; guests: readonly ClientCount[] }>;
  /** By day, oldest first, days without one left out; and all days together, most first. */
  downloads(days: number): Promise<{
    days: readonly (ClientCount & { readonly day: string })[];
    total: readonly ClientCount[];
  }>;
}
