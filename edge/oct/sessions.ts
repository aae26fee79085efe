/**
 * The sessions of this edge by their key: opens them for a host who creates one, brings those back that the store
 * has, or that a token alone proves; lets time pass in all of them; forgets those that ended.
 */
import { randomInt } from 'node:crypto';
import type { Socket } from 'socket.io';
import { AppError, errorTable } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { AdmittedExchange, CapacityCheck, KeyActivity, SessionSize, TakeSeat } from '../adapter.ts';
import { reviveSession } from '../core/durable-roster.ts';
import { adoptSession } from '../core/session-adopt.ts';
import type { ConnectionId, SessionLimits, SessionState } from '../core/session-state.ts';
import { birthFrom, birthOf, openSession } from '../core/session-state.ts';
import type { ResumePoint } from '../core/session-command.ts';
import type { SessionRef } from '../store/document-store.ts';
import type { RecalledKey } from '../store/roster-store.ts';
import type { Admission } from './handshake.ts';
import { unpackHandover } from './handover.ts';
import type { Handover } from './handover.ts';
import type { CardRecord } from './join-desk.ts';
import { LiveSession } from './live-session.ts';
import { RecalledKeys } from './recalled-keys.ts';
import { unpackRequests } from './request-notes.ts';
import type { SessionContext } from './session-context.ts';
import { outboxBytesOf } from './session-sums.ts';
import { closeTransport } from './transport.ts';

interface SessionsOptions {
  readonly context: SessionContext;
  readonly limits: SessionLimits;
  readonly log: Log;
  readonly activity: KeyActivity;
  readonly hasCapacity: CapacityCheck;
  readonly takeSeat: TakeSeat;
  /** The session has another owner, as the store says: its connections must end. */
  readonly onFenced: (key: AffinityKey) => void;
}

type Origin = 'created' | 'restored' | 'revived' | 'adopted';

interface Opening {
  readonly state: SessionState;
  readonly cards: readonly CardRecord[];
  readonly origin: Origin;
}

const random32Bound = 2 ** 32;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<AffinityKey, LiveSession>();
  readonly #recalled: RecalledKeys;
  /** Over, which the store could not take yet. */
  readonly #unwrittenEnds = new Set<LiveSession>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#recalled = new RecalledKeys(options.context.store);
  }

  find(key: AffinityKey): LiveSession | undefined {
    return this.#sessions.get(key);
  }

  all(): readonly LiveSession[] {
    return [...this.#sessions.values()];
  }

  list(): readonly SessionSize[] {
    return [...this.#sessions].map(([key, session]) => ({
      key,
      members: session.memberCount,
      bytes: outboxBytesOf(session),
    }));
  }

  get held(): readonly SessionRef[] {
    return [...this.#sessions].map(([key, { epoch }]) => ({ key, epoch }));
  }

  /** Sessions whose roster is not stored as it is. */
  get behindCount(): number {
    return this.#unwrittenEnds.size + this.all().filter(({ durable }) => durable.isBehind).length;
  }

  /**
   * Brings the key's session back from the store, if it has one and this edge does not. Nobody who has shown no
   * token may cause this, for it is a write. Throws what `RecalledKeys.recall` throws, `edge-full`, and `stale-epoch`
   * for an exchange that was admitted before the key came here anew.
   */
  async recall(exchange: AdmittedExchange): Promise<void> {
    if (this.#options.activity.isOver(exchange.key, exchange.epoch)) throw new AppError('stale-epoch');
    if (this.#sessions.has(exchange.key)) return;
    try {
      await this.#recalled.recall(exchange, (recalled) => this.#revive(exchange, recalled));
    } catch (error) {
      const { metrics } = this.#options.context;
      if (error instanceof AppError && error.code === 'roster-unavailable')
        metrics.count('ct_edge_roster_failures_total');
      throw error;
    }
  }

  /** Opens a session under a key that has none, and gives its birth; undefined where it has one. Throws `edge-full`. */
  async create(exchange: AdmittedExchange): Promise<number | undefined> {
    await this.recall(exchange);
    if (this.#sessions.has(exchange.key)) return undefined;
    const session = this.#open(exchange, birthFrom(randomInt(random32Bound)), 'created');
    const code = await session.durable.keep();
    if (code === undefined) return session.birth;
    if (this.#sessions.get(exchange.key) === session) this.#sessions.delete(exchange.key);
    session.drop('session-ended');
    throw new AppError(code);
  }

  /** Whether the session could let a client go on where it says that it was. */
  canResume(key: string, point: ResumePoint): boolean {
    return this.#sessions.get(key as AffinityKey)?.canResume(point) ?? false;
  }

  /**
   * Makes ready for a socket with a verified token, which the client is told of only then. The token alone brings a
   * session back that neither this edge nor the store knows: guests who return before their host wait in it for the
   * host's grace. Throws `session-ended`, `token-invalid` for a token of an earlier session with this key,
   * `member-banned`, and, where another attempt may succeed, the code of that: also where a licence has no seat for
   * somebody who had left.
   */
  async expect(socket: Socket, exchange: AdmittedExchange, admission: Admission): Promise<void> {
    await this.recall(exchange);
    this.#checkToken(exchange.key, admission);
    const birth = birthOf(admission.clock);
    const session = this.#sessions.get(exchange.key) ?? this.#open(exchange, birth, 'restored');
    await this.#seat(session, admission);
    const connection = socket.id as ConnectionId;
    socket.conn.once('close', () => session.durable.giveUp(connection));
    const code = await session.expect(connection, admission);
    if (code !== undefined) throw new AppError(code);
  }

  /** A token outlives its member: whoever comes back after having left is a newcomer to the licence. */
  async #seat(session: LiveSession, { profile: { id, user, isHost } }: Admission): Promise<void> {
    const { expected } = session.announcer;
    if (isHost || session.members.has(id) || expected.has(user.id)) return;
    const seat = await this.#options.takeSeat();
    if (seat.kind === 'refused') throw new AppError(seat.code);
    expected.expect(user.id);
    seat.release();
  }

  /** Takes in a socket that is expected. */
  admit(socket: Socket, { key, epoch }: AdmittedExchange, admission: Admission): void {
    const session = this.#sessions.get(key);
    if (session?.birth !== birthOf(admission.clock)) {
      // It ended since, or the key got another one; the next attempt is told so.
      closeTransport(socket.conn, errorTable['session-ended'].closeCode);
      return;
    }
    this.#options.activity.opened(key, epoch);
    socket.once('disconnect', () => this.#options.activity.closed(key));
    session.admit(socket, admission);
  }

  tick(): void {
    for (const session of this.all()) session.tick();
    for (const session of this.#unwrittenEnds) {
      session.tick();
      if (!session.durable.isBehind) this.#unwrittenEnds.delete(session);
    }
  }

  drop(key: AffinityKey): void {
    this.#recalled.forget(key);
    this.#sessions.get(key)?.drop('fenced');
    this.#sessions.delete(key);
  }

  /** Takes the session out and gives what another edge needs to go on with it; undefined where there is none. */
  async handOver(key: AffinityKey): Promise<Uint8Array | undefined> {
    this.#recalled.release(key);
    const session = this.#sessions.get(key);
    const bytes = await session?.handOver();
    if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    return bytes;
  }

  /** Goes on with a session of another edge, or with one that this edge has let go and got back. */
  adopt(exchange: AdmittedExchange, { snapshot, cards }: Handover): void {
    // A copy that came late: what it holds has gone on here already.
    if (this.#sessions.has(exchange.key) || this.#recalled.hasEnded(exchange.key, snapshot.birth)) return;
    const { context, limits } = this.#options;
    const state = adoptSession(snapshot, exchange.epoch, limits, context.nowMs());
    this.#recalled.adopt(exchange.key, exchange.epoch);
    this.#keep(exchange, { state, cards, origin: 'adopted' }).durable.catchUp();
  }

  #checkToken(key: AffinityKey, { clock, profile }: Admission): void {
    const birth = birthOf(clock);
    if (this.#recalled.hasEnded(key, birth)) throw new AppError('session-ended');
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    if (session.birth !== birth)
      throw new AppError('token-invalid', { facts: { reason: 'token of an earlier session' } });
    if (session.bans(profile)) throw new AppError('member-banned');
  }

  #revive(exchange: AdmittedExchange, { roster, requests }: RecalledKey): void {
    // Handed over to this edge while the store was asked.
    if (roster === undefined || this.#sessions.has(exchange.key)) return;
    const isOver = [...this.#unwrittenEnds].some(
      ({ key, birth }) => key === exchange.key && birth === roster.birth,
    );
    if (isOver) return this.#recalled.noteEnd(exchange.key, roster.birth);
    const { context, limits, hasCapacity } = this.#options;
    if (!hasCapacity()) throw new AppError('edge-full');
    const { snapshot } = unpackHandover(roster.bytes);
    const whole = { ...snapshot, requests: unpackRequests(requests) };
    const state = reviveSession(whole, { epoch: exchange.epoch, limits, nowMs: context.nowMs() });
    const cards = [...state.joins.keys()].map((id) => ({ id, hasGreeted: true, verdict: undefined }));
    this.#keep(exchange, { state, cards, origin: 'revived' });
  }

  #open(exchange: AdmittedExchange, birth: number, origin: 'created' | 'restored'): LiveSession {
    const { context, limits, hasCapacity } = this.#options;
    if (!hasCapacity()) throw new AppError('edge-full');
    const state = openSession({ birth, epoch: exchange.epoch }, limits, context.nowMs());
    return this.#keep(exchange, { state, cards: [], origin });
  }

  #keep({ key, epoch, exchangeId }: AdmittedExchange, { state, cards, origin }: Opening): LiveSession {
    const log = this.#options.log.child({ adapter: 'oct', epoch, exchange: exchangeId });
    const session: LiveSession = new LiveSession({
      key,
      state,
      cards,
      log,
      context: this.#options.context,
      isClaimed: origin !== 'adopted',
      isStored: origin === 'revived',
      isUnknown: origin === 'restored',
      onEnded: () => {
        if (this.#sessions.get(key) === session) this.#sessions.delete(key);
        this.#recalled.noteEnd(key, state.birth);
        if (session.durable.isBehind) this.#unwrittenEnds.add(session);
      },
      onFenced: () => {
        log.warn('session.fenced');
        if (this.#sessions.get(key) === session) this.#options.onFenced(key);
      },
    });
    this.#sessions.set(key, session);
    log.info('session.opened', { origin, audit: { key } });
    return session;
  }
}
