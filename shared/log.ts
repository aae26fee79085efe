/**
 * The log: JSON lines by pino, each with an event name from a closed list. Gathered and written at the latest after a second
 * (`log-sink.ts`), so that no exchange waits for a disk or a reader, and once more at the end of the process.
 */
import { pino } from 'pino';
import type { ErrorLevel } from './errors.ts';
import { LogSinks, standardPlaces } from './log-places.ts';
import type { LogPlaces } from './log-places.ts';
import { isoParts } from './time-zone.ts';
import { threeDigits } from './thousandths.ts';

/** Every event that may be logged, with what it tells; `docs/events.md` is generated from this list. */
export const logEvents = {
  'process.starting': 'A process begins to start; carries version, role and process id.',
  'process.ready': 'A process serves; carries its ports.',
  'process.retiring':
    'A successor takes over: this process accepts nothing new and ends with its last exchange.',
  'process.stopping': 'A process was told to stop and finishes what runs.',
  'process.stopped': 'A process ends.',
  'process.failed': 'A process ends because of a fault; carries the error.',
  'log.dropped':
    'Lines could not be written and were dropped, for a disk is full or a reader stuck; carries which log, how many, and the last cause.',
  'restart.planned': 'CT_AUTO_RESTART_CRON_PATTERN is followed; carries when the next restart is.',
  'restart.started': 'A planned restart begins: front doors and edges, one after the other.',
  'restart.ended': 'A planned restart is done.',
  'restart.failed':
    'A planned restart stopped at something; carries the reason. What was not restarted serves on, and so does the rest.',
  'run-state.failed':
    'What the supervisor runs could not be written to its data folder; carries the error. `mooring ps` shows what was before.',
  'child.started': 'The supervisor started a front door or an edge.',
  'child.stuck': 'A supervised process has not answered for 10 s and is killed, so that it starts again.',
  'child.replaced':
    'A successor serves in place of a supervised process, which ends when its exchanges have ended.',
  'child.not-replaced':
    'A successor did not get to serve; carries the error. What served before goes on, or is started again.',
  'child.unwilling':
    'A process that is being replaced did not say that it has retired; it is killed, and its successor takes over.',
  'child.retired': 'A process that was replaced, or was to replace another, has ended.',
  'child.exited': 'A supervised process ended; carries its exit and the pause before the next start.',
  'exchange.settled': 'One exchange is over: status, key hash, edge, epoch, placement reason, bytes, times.',
  'exchange.failed': 'An exchange ended by a fault of ours or of an edge; carries the cause.',
  'clients.refused':
    'Clients were refused by a limit, or did not say who they are as a proxy must; one line for each code in 10 s, with how many and the last address.',
  'client.penalized': 'An address flooded and opens nothing for `refusedMs`; carries flood and rounds.',
  'accepting.held': 'Descriptors run out, so no connection is accepted until some are free; once in 10 s.',
  'breaker.opened':
    'An edge failed exchanges of this front door in a row, and is asked again only after a pause; its keys stay.',
  'breaker.closed': 'An edge whose breaker was open answers again.',
  'key.placed': 'A key got an edge: reason, edge, epoch.',
  'edge.joined': 'An edge joined the pool; carries incarnation and address.',
  'edge.ready': 'An edge or static backend takes new keys.',
  'edge.suspected': 'An edge stopped reporting or passing its checks and gets no new keys.',
  'edge.draining': 'An edge asked for no new keys.',
  'edge.stopping': 'An administrator told an edge to stop; its supervisor starts it again.',
  'edge.restored':
    'The store had lost an edge that serves, for it went back to an older copy; the edge was put back.',
  'edge.lost': 'An edge is gone: its process is proved dead, its lease lapsed or it left.',
  'admin.acted':
    'An administrator asked for a change; carries the operation, what it was about, before and after, and the code where it was refused.',
  'admin.failed':
    'An operation of the admin API or of the dashboard failed by a fault of ours; carries the operation and the error.',
  'admin.socket-refused':
    'The Unix-domain socket of the admin API cannot be had; the port serves all the same.',
  'setting.changed':
    'A reload changed a setting of this front door; carries it before and after, secrets masked.',
  'settings.reloaded': 'A signal asked for a reload, and all that differed was applied.',
  'settings.unchanged': 'A signal asked for a reload, and nothing differed.',
  'settings.refused':
    'A signal asked for a reload, or a supervisor for the settings of a next process, and they cannot be had; all is as it was. Carries every fault.',
  'steering.refused':
    'Stored wishes of administrators (weights, maintenance) are not ones that this program reads; it keeps those that it has.',
  'backend.leaving': 'A static backend is in the settings no more: it gets no new keys.',
  'backend.left':
    'A static backend that was taken out of the settings has no keys any more and is forgotten.',
  'pool-setting.refused':
    'A stored setting of the pool (hosting, session-ends, banner) is nothing that this program reads; it keeps what it has.',
  'regions.changed':
    'An administrator changed the regions; carries the version, the regions that were set with their CIDRs, and those removed.',
  'regions.refused': 'The stored regions are not ones that this program reads; it keeps those that it has.',
  'metrics.refused':
    'What is stored of how metrics are told is nothing that this program reads; it keeps what it has.',
  'statsd.failed':
    'The StatsD server gets no metrics; the next ones are tried, and no other line is written until they arrive.',
  'licence.absent': 'There is no licence, so connections are not limited.',
  'licence.installed':
    'A licence is valid, at start or after a reload; carries licensee, connections, and the last day.',
  'licence.ledger-refused':
    'What is stored of the seats that edges hold is nothing that this program reads; they claim them anew.',
  'licence.nearly-full':
    'Nine tenths of the connections of the licence are taken; told once until they were fewer than 85 %.',
  'licence.expiring': 'The licence ends within 30, 7 or 1 days; told once for each.',
  'licence.expired':
    'The licence has ended: sessions that run go on, and nobody new gets in before it is renewed.',
  'edge.refused': 'An edge may not join: token, settings or id are wrong.',
  'control.connected': 'The edge joined a front door.',
  'control.left-behind':
    'A front door makes way for its successor, and these edges have not joined that one in time: they do so when they are cut off.',
  'control.left': 'The edge left a front door whose address its name has no more.',
  'control.unresolved':
    'The name of a front door cannot be looked up; the edge keeps the addresses that it knows and tries again.',
  'control.disconnected': 'The edge lost a front door and tries again.',
  'lease.lapsed': 'The edge could not renew its lease in time and stopped serving.',
  'lease.regained':
    'The edge serves again without a lease: the store is away, and every front door that it had has moved none of its pins.',
  'claims.reconciled':
    'What an edge holds and what the directory says of it differed and was repaired; carries how many pins were put back, marked and closed.',
  'split.detected':
    'Two edges had one key at the same time; the lower epoch is told to close. Must never happen.',
  'pins.repinned':
    'The pins of an edge that is over were moved to others; carries how many, how many others had moved, and the time.',
  'pins.settled': 'Keys that were placed while the store did not answer have been put into it.',
  'pins.swept': 'Pins of ended sessions were removed.',
  'directory.failed': 'A call to the directory failed.',
  'store.failed': 'A call to a store of this edge failed; carries the error code, which says which one.',
  'rosters.removed':
    'Stored rosters and ends of sessions were removed, because no token of them lives any more.',
  'certificates.ignored':
    'CT_TRUST_ALL_CERTS: edges and static backends behind https:// may show any certificate.',
  'certificates.loaded':
    'Certificates are served: files, names, ends, SHA-256 fingerprints; at start and after each change.',
  'certificate.refused':
    'A certificate whose files have changed is not taken; carries the reason. What was served before is served on.',
  'certificate.expiring': 'A certificate expires within 14 days; told once a day.',
  'certificate.expired': 'A certificate that is served has expired; told once a day.',
  'certificate.made': 'The front door has made itself a certificate, the first one or a new one in time.',
  'handshakes.failed':
    'TLS handshakes have failed within the last minute; carries how many by reason (see ct_proxy_handshake_failures_total).',
  'sockets.refused':
    'There is no folder for the Unix-domain sockets of the edges of `mooring direct`; they listen on ports.',
  'session.opened': 'A session began on this edge.',
  'session.ended': 'A session ended; carries the reason.',
  'session.fenced': 'The edge dropped a session that another epoch owns.',
  'session.released':
    'This edge let a session go so that it can move; carries its bytes and the time it took.',
  'session.adopted': 'This edge goes on with a session that was handed over.',
  'session.moved': 'A session has moved to another edge: edges, epoch, time.',
  'move.failed': 'A session could not be moved: code, cause, and whether its edge has it back.',
  'edge.undrained': 'An edge takes sessions again after it was to be emptied.',
  'journal.failed':
    'Records of the journal cannot be kept for now, wait in the data folder and are tried again; carries how many they are.',
  'drain.started': 'An edge is being emptied; carries who asked and the deadline.',
  'drain.ended': 'The emptying of an edge is over; carries how many sessions moved and how many are left.',
  'member.joined': 'A member joined a session.',
  'member.gapped': 'A member came back and missed what is not kept any more; carries the error code.',
  'member.left': 'A member left a session.',
  'sessions.listed':
    'An administrator looked at sessions or members; carries the key’s hash where it was one session.',
  'session.terminated': 'An administrator ended a session.',
  'member.removed': 'An administrator removed a member; says whether the member is banned.',
  'documents.removed': 'Documents of sessions that nobody used for long were removed.',
  'member.cut': 'A member was cut off; carries the error code.',
  'join.requested': 'A guest asks to join.',
  'join.decided': 'The host or the deadline decided a join request.',
  'dashboard.password-made':
    'Nobody had set a password for the dashboard, so one was made; carries user and password, this once.',
  'dashboard.not-built':
    'The pages of the dashboard are not there: `npm run build:dashboard` makes them. All else serves.',
  'dashboard.left': 'A viewer of the dashboard logged out.',
  'sso.failed':
    'The provider of single sign-on cannot be reached, or does not answer as one; carries the cause.',
  'login.completed': 'A login succeeded; carries the provider.',
  'login.refused': 'A login was refused; carries the error code.',
} as const;

export type LogEvent = keyof typeof logEvents;
export type LogFacts = Readonly<Record<string, unknown>>;

/** What the code logs with; `fields` of a child stand on each of its lines. */
export interface Log {
  write(level: ErrorLevel, event: LogEvent, facts?: LogFacts): void;
  debug(event: LogEvent, facts?: LogFacts): void;
  info(event: LogEvent, facts?: LogFacts): void;
  warn(event: LogEvent, facts?: LogFacts): void;
  error(event: LogEvent, facts?: LogFacts): void;
  /** An info line whose facts are JSON already (`"a":1,"b":2`): for hot paths, where the general way shows in profiles. */
  infoLine(event: LogEvent, facts: string): void;
  /** A line of a settled exchange in a format of its own, with its end. */
  exchangeLine(line: string): void;
  /** A line of another process, as it is, with its end. */
  pass(line: string): void;
  child(fields: LogFacts): Log;
  /** Calls back with the number of lines whenever some are dropped, since nobody takes them. */
  hearDropped(hearer: (lines: number) => void): void;
  /** Lines of this level and above are written from now on. Children that exist keep theirs. */
  setLevel(level: string): void;
  /** Writes what is left, within half a second; for the end of a process. Never rejects. */
  flush(): Promise<void>;
}

/** Hears every line, of whatever level, with the fact `audit`, which is not written. */
export type HearLog = (event: LogEvent, facts: LogFacts) => void;

interface LogOptions {
  readonly level: string;
  readonly role: string;
  readonly fields?: LogFacts;
  readonly hear?: HearLog;
  /** Where lines go; standard output unless given. */
  readonly places?: LogPlaces;
}

/** Opens the log of a process. */
export function openLog({ level, role, fields, hear, places }: LogOptions): Log {
  const base = { role, pid: process.pid, ...fields };
  const sinks = new LogSinks(places ?? standardPlaces(), (log, lines, cause) =>
    logger.warn({ log, lines, cause }, 'log.dropped' satisfies LogEvent),
  );
  const clock = new Clock();
  const logger = pino(
    {
      level,
      base,
      timestamp: () => `,"time":"${clock.tell(Date.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'event',
      serializers: { error: pino.stdSerializers.errWithCause },
    },
    { write: (line: string) => sinks.addEvent(line) },
  );
  return wrap(logger, { direct: new DirectLines(logger, sinks, base), hear, fields: {} });
}

/** The way past the library for the one line per exchange. */
class DirectLines {
  readonly sinks: LogSinks;
  readonly #logger: pino.Logger;
  readonly #base: string;
  readonly #clock = new Clock();

  constructor(logger: pino.Logger, sinks: LogSinks, base: LogFacts) {
    this.#logger = logger;
    this.sinks = sinks;
    this.#base = JSON.stringify(base).slice(1, -1);
  }

  add(event: LogEvent, facts: string): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    this.sinks.addExchange(
      `{"level":"info","time":"${this.#clock.tell(Date.now())}",${this.#base},${facts},"event":"${event}"}\n`,
    );
  }

  addText(line: string): void {
    if (this.#logger.isLevelEnabled('info')) this.sinks.addExchange(line);
  }
}

/** ISO 8601 with milliseconds; what it costs is once a second. */
class Clock {
  #second = -1;
  #parts = isoParts(0);

  tell(nowMs: number): string {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) {
      this.#second = second;
      this.#parts = isoParts(second * 1_000);
    }
    return `${this.#parts.seconds}.${threeDigits(nowMs - second * 1_000)}${this.#parts.end}`;
  }
}

/** A log that keeps nothing; for tests and for code that runs without a process of its own. */
export function silentLog(): Log {
  return wrap(pino({ level: 'silent' }), { direct: undefined, hear: undefined, fields: {} });
}

interface Around {
  readonly direct: DirectLines | undefined;
  readonly hear: HearLog | undefined;
  /** Of the children that it went through. */
  readonly fields: LogFacts;
}

function wrap(logger: pino.Logger, around: Around): Log {
  const { direct, hear, fields } = around;
  const write = (level: ErrorLevel, event: LogEvent, facts: LogFacts = {}): void => {
    hear?.(event, { ...fields, ...facts });
    // Names of people are for the journal alone.
    const { audit: _, ...written } = facts;
    logger[level](written, event);
  };
  return {
    write,
    debug: (event, facts) => write('debug', event, facts),
    info: (event, facts) => write('info', event, facts),
    warn: (event, facts) => write('warn', event, facts),
    error: (event, facts) => write('error', event, facts),
    infoLine: (event, facts) => direct?.add(event, facts),
    setLevel: (level) => void (logger.level = level),
    child: (more) => wrap(logger.child(more), { ...around, fields: { ...fields, ...more } }),
    exchangeLine: (line) => direct?.addText(line),
    pass: (line) => direct?.sinks.addEvent(line),
    hearDropped: (hearer) => direct?.sinks.hearDropped(hearer),
    flush: async () => await direct?.sinks.flush(),
  };
}
