/**
 * Makes records of the journal out of what the process logs anyway: whatever an administrator may want to know later is an event of
 * the log, and stands in the journal with the names that the log does not carry.
 */
import { hashKeyForLog, hashPerson } from '../fleet-secrets.ts';
import type { FleetSecrets } from '../fleet-secrets.ts';
import type { AffinityKey } from '../ids.ts';
import type { LogEvent, LogFacts } from '../log.ts';
import { textMax } from './journal-words.ts';
import type {
  DownloadTally,
  JournalEntry,
  JournalRecord,
  PoolSample,
  UsageSample,
} from './journal-record.ts';
import type { JournalEvent } from './journal-words.ts';

/** The fact `audit` of a log line: for the journal alone, and in no log. */
export interface AuditFacts {
  readonly key?: AffinityKey;
  readonly user?: string;
  /** Of `personOf`; only its hash goes anywhere. */
  readonly person?: string;
  readonly subject?: string;
  readonly client?: string;
  readonly detail?: string;
}

interface RecorderOptions {
  readonly origin: string;
  readonly bootId: string;
  readonly secrets: FleetSecrets;
  readonly incarnation: () => number;
  readonly wallMs: () => number;
  readonly add: (record: JournalRecord) => void;
}

export type UsageFigures = Pick<
  UsageSample,
  'users' | 'sessions' | 'connections' | 'messages' | 'bytes' | 'lagMs' | 'rssBytes'
>;

export class JournalRecorder {
  readonly #options: RecorderOptions;
  #sequence = 0;
  #refusals = { minute: 0, told: 0, unsaid: 0 };

  constructor(options: RecorderOptions) {
    this.#options = options;
  }

  /** Hears every line that is logged, of whatever level. */
  readonly hear = (event: LogEvent, facts: LogFacts): void => {
    const kind = judge(event, facts);
    if (kind === undefined) return;
    const unsaid = isRefusal(kind) ? this.#sayRefusal() : 0;
    if (unsaid === undefined) return;
    const { key, user = '', person, subject, client = '', detail }: AuditFacts = facts['audit'] ?? {};
    const entry: JournalEntry = {
      kind: 'entry',
      ...this.#identity(),
      event: kind,
      key: key === undefined ? textOf(facts['key'], textMax.key) : hashKeyForLog(this.#options.secrets, key),
      user: textOf(user, textMax.user),
      person: person === undefined ? '' : hashPerson(this.#options.secrets, person),
      subject: textOf(subject ?? facts['member'] ?? facts['edge'] ?? facts['from'], textMax.subject),
      client: textOf(client, textMax.client),
      detail: textOf(withUnsaid(detail ?? detailOf(facts), unsaid), textMax.detail),
    };
    this.#options.add(entry);
  };

  sample(figures: UsageFigures): void {
    const lagMs = Math.round(figures.lagMs * 1_000) / 1_000;
    this.#options.add({ kind: 'usage', ...this.#identity(), ...figures, lagMs });
  }

  tellPool({ peakConnections, lagMs }: Pick<PoolSample, 'peakConnections' | 'lagMs'>): void {
    this.#options.add({ kind: 'pool', ...this.#identity(), peakConnections, lagMs });
  }

  tellDownload({ client, version, count }: Pick<DownloadTally, 'client' | 'version' | 'count'>): void {
    this.#options.add({
      kind: 'download',
      ...this.#identity(),
      client: textOf(client, textMax.client),
      version: textOf(version, textMax.client),
      count,
    });
  }

  /** Anybody may be refused as often as he likes: undefined beyond what is told of a minute, else how many were not told. */
  #sayRefusal(): number | undefined {
    const minute = Math.floor(this.#options.wallMs() / 60_000);
    if (minute !== this.#refusals.minute) this.#refusals = { minute, told: 0, unsaid: this.#refusals.unsaid };
    if (this.#refusals.told >= refusalsMax) {
      this.#refusals.unsaid++;
      return undefined;
    }
    this.#refusals.told++;
    const { unsaid } = this.#refusals;
    this.#refusals.unsaid = 0;
    return unsaid;
  }

  #identity(): Pick<JournalEntry, 'boot' | 'sequence' | 'origin' | 'incarnation' | 'atMs'> {
    const { bootId: boot, origin, incarnation, wallMs } = this.#options;
    const atMs = Math.max(0, Math.round(wallMs()));
    return { boot, sequence: ++this.#sequence, origin, incarnation: incarnation(), atMs };
  }
}

/** Of a minute; each is a row that is kept for months. */
const refusalsMax = 30;

function isRefusal(kind: JournalEvent): boolean {
  return kind === 'login.refused' || kind === 'edge.refused';
}

function withUnsaid(detail: string, unsaid: number): string {
  return unsaid === 0 ? detail : `${detail}${detail === '' ? '' : ', '}${unsaid} more before it`;
}

/** Undefined where the line is not for the journal. */
function judge(event: LogEvent, facts: LogFacts): JournalEvent | undefined {
  switch (event) {
    case 'session.opened':
      // Of one that was handed over the front door tells that it has moved.
      if (facts['origin'] === 'adopted') return undefined;
      return facts['origin'] === 'revived' || facts['origin'] === 'restored'
        ? 'session.taken-over'
        : 'session.created';
    case 'member.removed':
      return facts['isBanned'] === true ? 'member.banned' : 'member.removed';
    case 'drain.started':
      // Of one that stops its own report tells.
      return facts['isStopping'] === true ? undefined : 'edge.drained';
    case 'edge.draining':
      return 'edge.drained';
    case 'regions.changed':
    case 'setting.changed':
      return 'settings.changed';
    case 'admin.acted':
    case 'session.ended':
    case 'session.moved':
    case 'session.terminated':
    case 'member.joined':
    case 'member.left':
    case 'edge.joined':
    case 'edge.refused':
    case 'edge.undrained':
    case 'edge.lost':
    case 'login.completed':
    case 'login.refused':
      return event;
    default:
      return undefined;
  }
}

const toldFacts = ['reason', 'cause', 'to', 'provider', 'code', 'adapter'];

function detailOf(facts: LogFacts): string {
  const parts = toldFacts.flatMap((name) => {
    const value = facts[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name} ${value}`] : [];
  });
  return parts.join(', ');
}

/** What people and clients call themselves, without what steers a terminal or a database refuses. */
function textOf(value: unknown, max: number): string {
  if (typeof value !== 'string') return '';
  return value.slice(0, max).toWellFormed().replaceAll(/\p{C}/gu, '?');
}
