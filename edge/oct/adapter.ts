/**
 * The Open Collaboration Protocol on an edge: joins the HTTP side (create, join, poll) and the Socket.IO
 * side to the sessions, and runs the clock that lets deadlines pass.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionTokens } from '#shared/session-token.ts';
import type { MemberView } from '#shared/session-views.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type {
  Adapter,
  AdapterLoad,
  AdmittedExchange,
  Adoption,
  CapacityCheck,
  KeyActivity,
  SessionSize,
  TakeSeat,
} from '../adapter.ts';
import { RulesDesk } from '../rules-desk.ts';
import type { RosterStore } from '../store/roster-store.ts';
import type { UpgradeOffer } from '../upgrade-offer.ts';
import { takeFreely } from '../seat-desk.ts';
import { Traffic } from '../traffic.ts';
import type { MemberId } from '../core/session-state.ts';
import { Gateway } from './gateway.ts';
import type { GatewayOptions } from './gateway.ts';
import { unpackHandover } from './handover.ts';
import { lastWriteMs } from './live-session.ts';
import { RosterKeeper } from './roster-keeper.ts';
import { SessionApi, sessionApiPrefix } from './session-api.ts';
import { countUsers, outboxBytesOf } from './session-sums.ts';
import { countSeats } from './session-seats.ts';
import { Sessions } from './sessions.ts';

interface OctOptions {
  readonly settings: Settings;
  readonly tokens: SessionTokens;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly activity: KeyActivity;
  readonly hasCapacity: CapacityCheck;
  readonly takeSeat?: TakeSeat;
  readonly rosters: RosterStore;
  /** Those of the settings alone unless given. */
  readonly rules?: RulesDesk;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Who takes connections in; `Gateway` unless a test has another. */
  readonly openGateway?: (options: GatewayOptions) => MemberGateway;
}

/** What the adapter needs of its connections. */
export type MemberGateway = Pick<Gateway, keyof Gateway>;

const socketPrefix = '/socket.io/';
/** Deadlines are 1 s at least, so they pass at most by half of that. */
const tickIntervalMs = 500;
const msPerHour = 3_600_000;

export function createOctAdapter(options: OctOptions): Adapter {
  return new OctAdapter(options);
}

class OctAdapter implements Adapter {
  readonly name = 'oct';
  readonly #metrics: Metrics;
  readonly #traffic: Traffic;
  readonly #sessions: Sessions;
  readonly #api: SessionApi;
  readonly #gateway: MemberGateway;
  readonly #keeper: RosterKeeper;
  readonly #ticking: NodeJS.Timeout;

  constructor(options: OctOptions) {
    const { settings, tokens, log, metrics, activity, hasCapacity, rosters, now, openGateway } = options;
    const rules = options.rules ?? new RulesDesk(settings);
    const takeSeat = options.takeSeat ?? takeFreely;
    this.#metrics = metrics;
    this.#traffic = new Traffic(metrics, 'oct');
    const sendBufferMaxBytes = settings.CT_SEND_BUFFER_MAX_BYTES;
    const sessions = new Sessions({
      context: {
        sendBufferMaxBytes,
        pace: {
          messagesPerSecond: settings.CT_MEMBER_MESSAGES_PER_SECOND,
          bytesPerSecond: settings.CT_MEMBER_BYTES_PER_SECOND,
        },
        rules,
        tokens,
        store: rosters,
        metrics,
        traffic: this.#traffic,
        nowMs: now,
      },
      limits: {
        membersMax: settings.CT_MEMBERS_MAX,
        hostGraceMs: settings.CT_HOST_GRACE_MS,
        outboxMaxBytes: sendBufferMaxBytes,
        life: rules.life,
      },
      log,
      activity,
      hasCapacity,
      takeSeat,
      onFenced: (key) => this.dropSession(key, 'fenced'),
    });
    this.#sessions = sessions;
    this.#api = new SessionApi({ sessions, tokens, takeSeat, rules, log, metrics });
    const gatewayOptions: GatewayOptions = {
      messageMaxBytes: settings.CT_MESSAGE_MAX_BYTES,
      tokens,
      expect: (socket, exchange, admission) => sessions.expect(socket, exchange, admission),
      canResume: (key, point) => sessions.canResume(key, point),
      isFrozen: (key) => sessions.find(key)?.isFrozen ?? false,
      onConnection: (socket, exchange, admission) => sessions.admit(socket, exchange, admission),
      onRefusal: (code, { exchangeId }) => {
        metrics.count('ct_edge_refused_total', { code });
        log.info('member.cut', { exchange: exchangeId, code });
      },
    };
    this.#gateway = openGateway?.(gatewayOptions) ?? new Gateway(gatewayOptions);
    this.#keeper = new RosterKeeper({
      store: rosters,
      tokenLifetimeMs: settings.CT_TOKEN_LIFETIME_HOURS * msPerHour,
      held: () => sessions.held,
      log,
    });
    this.#ticking = setInterval(() => this.#tick(), tickIntervalMs).unref();
  }

  claims(target: string): boolean {
    return target.startsWith(socketPrefix) || target.startsWith(sessionApiPrefix);
  }

  handleRequest(exchange: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void {
    if (exchange.target.startsWith(socketPrefix)) this.#gateway.handleRequest(exchange, request, response);
    else void this.#api.handle(exchange, request, response);
  }

  handleUpgrade(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): void {
    if (exchange.target.startsWith(socketPrefix)) this.#gateway.handleUpgrade(exchange, request, offer);
    else offer.refuse('upgrade-refused');
  }

  dropSession(key: AffinityKey, code: ErrorCode): void {
    this.#sessions.drop(key);
    this.#gateway.closeKey(key, errorTable[code].closeCode);
  }

  load(): AdapterLoad {
    const sessions = this.#sessions.all();
    return {
      sessions: sessions.length,
      members: sum(sessions.map((session) => session.memberCount)),
      users: countUsers(sessions),
      ...this.#gateway.countConnections(),
      outboxBytes: sum(sessions.map(outboxBytesOf)),
      ...this.#traffic.total,
    };
  }

  countSeats(): number {
    return sum(
      this.#sessions.all().map(({ durable, announcer }) => countSeats(durable.state, announcer.expected)),
    );
  }

  listSessions(): readonly SessionSize[] {
    return this.#sessions.list();
  }

  describeMembers(key: AffinityKey): readonly MemberView[] | undefined {
    return this.#sessions.find(key)?.describeMembers();
  }

  async recall(exchange: AdmittedExchange): Promise<void> {
    await this.#sessions.recall(exchange);
  }

  async endSession(key: AffinityKey): Promise<void> {
    await this.#sessions.find(key)?.administer({ kind: 'end' });
  }

  async removeMember(key: AffinityKey, member: string, isBanned: boolean): Promise<void> {
    const session = this.#sessions.find(key);
    const id = member as MemberId;
    const userId = session?.members.get(id)?.profile.user.id;
    if (session === undefined || userId === undefined) throw new AppError('member-not-found');
    await session.administer({ kind: 'remove', member: id, userId, isBanned });
  }

  async bringToRest(key: AffinityKey): Promise<void> {
    this.#sessions.find(key)?.freeze();
    await this.#gateway.stopKey(key);
  }

  async handOver(key: AffinityKey): Promise<Uint8Array | undefined> {
    // A handshake that was admitted before must not open the session again.
    this.#gateway.cutKey(key);
    return await this.#sessions.handOver(key);
  }

  prepareAdoption(bytes: Uint8Array): Adoption {
    const handover = unpackHandover(bytes);
    return (exchange) => this.#sessions.adopt(exchange, handover);
  }

  async close(): Promise<void> {
    clearInterval(this.#ticking);
    this.#keeper.close();
    // No farewell to the members: one that is told to leave does not come back. What they say until they close
    // is taken in, but ends in outboxes that end with this process: sessions that could move have moved by now.
    for (const session of this.#sessions.all()) session.freeze();
    await this.#gateway.stop();
    // Those that end so are not over: the next edge, or this one when it is back, goes on from their rosters.
    await Promise.all(
      this.#sessions.all().map(async (session) => await session.durable.settled(lastWriteMs)),
    );
    for (const session of this.#sessions.all()) session.drop('edge-leaving');
    this.#traffic.report();
  }

  #tick(): void {
    this.#sessions.tick();
    this.#traffic.report();
    this.#metrics.set('ct_edge_rosters_behind', this.#sessions.behindCount);
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
