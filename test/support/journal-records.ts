/** Records of the journal as a process makes them, one after the other. */
import { randomUUID } from 'node:crypto';
import type { DownloadTally, JournalEntry, PoolSample, UsageSample } from '#shared/journal/journal-record.ts';

/** Of one boot of one edge. */
export class RecordMaker {
  readonly boot: string;
  readonly #origin: string;
  #sequence = 0;

  constructor(origin = 'edge-1', boot: string = randomUUID()) {
    this.#origin = origin;
    this.boot = boot;
  }

  entry(changes: Partial<JournalEntry> = {}): JournalEntry {
    return {
      kind: 'entry',
      ...this.#identity(),
      event: 'member.joined',
      key: 'a-hash',
      user: 'u-1',
      person: '',
      subject: 'Ann Ünder',
      client: 'a client/1.0',
      detail: 'guest',
      ...changes,
    };
  }

  usage(changes: Partial<UsageSample> = {}): UsageSample {
    return {
      kind: 'usage',
      ...this.#identity(),
      users: 3,
      sessions: 2,
      connections: 4,
      messages: 500,
      bytes: 2 ** 40,
      lagMs: 1.5,
      rssBytes: 2 ** 28,
      ...changes,
    };
  }

  pool(peakConnections: number, lagMs: number, atMs: number): PoolSample {
    return { kind: 'pool', ...this.#identity(), atMs, peakConnections, lagMs };
  }

  download(client: string, version: string, count: number, atMs: number): DownloadTally {
    return { kind: 'download', ...this.#identity(), atMs, client, version, count };
  }

  #identity(): Pick<JournalEntry, 'boot' | 'sequence' | 'origin' | 'incarnation' | 'atMs'> {
    const sequence = ++this.#sequence;
    return {
      boot: this.boot,
      sequence,
      origin: this.#origin,
      incarnation: 1,
      atMs: 1_700_000_000_000 + sequence,
    };
  }
}
