/**
 * The sessions of this edge by their key: opens them for a host who creates one, or again for whoever comes
 * back to one that this edge does not know; lets time pass in all of them; forgets those that ended.
 */
import { randomInt } from 'node:crypto';
import type { Socket } from 'socket.io';
import { AppError, errorTable } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { AdmittedExchange, CapacityCheck, KeyActivity, SessionSize } from '../adapter.ts';
import { adoptSession } from '../core/session-adopt.ts';
import { birthFrom, birthOf, openSession } from '../core/session-state.ts';
import type { ResumePoint } from '../core/session-command.ts';
import type { SessionLimits, SessionState } from '../core/session-state.ts';
import { EndedSessions } from './ended-sessions.ts';
import type { Admission } from './handshake.ts';
import type { Handover } from './handover.ts';
import type { CardRecord } from './join-desk.ts';
import { LiveSession } from './live-session.ts';
import type { SessionContext } from './live-session.ts';
import { closeTransport } from './transport.ts';

interface SessionsOptions {
  readonly context: SessionContext;
  readonly limits: SessionLimits;
  readonly log: Log;
  readonly activity: KeyActivity;
  readonly hasCapacity: CapacityCheck;
}

const random32Bound = 2 ** 32;

export class Sessions {
  readonly #options: SessionsOptions;
  readonly #sessions = new Map<AffinityKey, LiveSession>();
  readonly #ended = new EndedSessions();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  find(key: AffinityKey): LiveSession | undefined {
    return this.#sessions.get(key);
  }

  all(): readonly LiveSession[] {
    return [...this.#sessions.values()];
  }

  list(): readonly SessionSize[] {
    return [...this.#sessions].map(([key, { memberCount, outboxBytes }]) => ({
      key,
      members: memberCount,
      bytes: outboxBytes,
    }));
  }

  /** Opens a session under a key that has none, and gives its birth; undefined where it has one. Throws `edge-full`. */
  create(exchange: AdmittedExchange): number | undefined {
    if (this.#sessions.has(exchange.key)) return undefined;
    if (!this.#options.hasCapacity()) throw new AppError('edge-full');
    return this.#open(exchange, birthFrom(randomInt(random32Bound)), 'created').birth;
  }

  /** Whether the session could let a client go on where it says that it was. */
  canResume(key: string, point: ResumePoint): boolean {
    return this.#sessions.get(key as AffinityKey)?.canResume(point) ?? false;
  }

  /** Throws `session-ended`, `token-invalid` for one of an earlier session with this key, or `member-banned`. */
  checkToken(key: AffinityKey, { clock, profile }: Admission): void {
    const birth = birthOf(clock);
    if (this.#ended.has(key, birth)) throw new AppError('session-ended');
    const session = this.#sessions.get(key);
    if (session === undefined) return;
    if (session.birth !== birth)
      throw new AppError('token-invalid', { facts: { reason: 'token of an earlier session' } });
    if (session.bans(profile)) throw new AppError('member-banned');
  }

  /**
   * Takes in a socket with a verified token. The token alone brings a session back that this edge does not
   * know, after a crash for example: guests who return before their host wait in it for the host's grace.
   */
  admit(socket: Socket, exchange: AdmittedExchange, admission: Admission): void {
    const { key, epoch } = exchange;
    const birth = birthOf(admission.clock);
    if (this.#ended.has(key, birth)) {
      // It ended since the token was checked; the next attempt is told so.
      closeTransport(socket.conn, errorTable['session-ended'].closeCode);
      return;
    }
    const known = this.#sessions.get(key);
    if (known === undefined && !this.#options.hasCapacity()) {
      // Not by a refusal of the handshake, after which clients do not come back.
      this.#options.context.metrics.count('ct_edge_refused_total', { code: 'edge-full' });
      closeTransport(socket.conn, errorTable['edge-full'].closeCode);
      return;
    }
    const session = known ?? this.#open(exchange, birth, 'restored');
    if (session.birth !== birth) {
      // The key got another session since the token was checked; the next attempt is told so.
      closeTransport(socket.conn, errorTable['token-invalid'].closeCode);
      return;
    }
    this.#options.activity.opened(key, epoch);
    socket.once('disconnect', () => this.#options.activity.closed(key));
    session.admit(socket, admission);
  }

  tick(): void {
    for (const session of this.all()) session.tick();
  }

  drop(key: AffinityKey): void {
    this.#sessions.get(key)?.drop();
    this.#sessions.delete(key);
  }

  /** Takes the session out and gives what another edge needs to go on with it; undefined where there is none. */
  async handOver(key: AffinityKey): Promise<Uint8Array | undefined> {
    const session = this.#sessions.get(key);
    const bytes = await session?.handOver();
    if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    return bytes;
  }

  /** Goes on with a session of another edge, or with one that this edge has let go and got back. */
  adopt(exchange: AdmittedExchange, { snapshot, cards }: Handover): void {
    // A copy that came late: what it holds has gone on here already.
    if (this.#sessions.has(exchange.key) || this.#ended.has(exchange.key, snapshot.birth)) return;
    const { context, limits } = this.#options;
    const state = adoptSession(snapshot, exchange.epoch, limits, context.nowMs());
    this.#keep(exchange, { state, cards, origin: 'adopted' });
  }

  #open(exchange: AdmittedExchange, birth: number, origin: 'created' | 'restored'): LiveSession {
    const { context, limits } = this.#options;
    const state = openSession({ birth, epoch: exchange.epoch }, limits, context.nowMs());
    return this.#keep(exchange, { state, cards: [], origin });
  }

  #keep({ key, epoch, exchangeId }: AdmittedExchange, { state, cards, origin }: Opening): LiveSession {
    const log = this.#options.log.child({ adapter: 'oct', epoch, exchange: exchangeId });
    const onEnded = (): void => {
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
      this.#ended.add(key, state.birth);
    };
    const { context } = this.#options;
    const session = new LiveSession({ key, state, cards, log, context, onEnded });
    this.#sessions.set(key, session);
    log.info('session.opened', { origin });
    return session;
  }
}

interface Opening {
  readonly state: SessionState;
  readonly cards: readonly CardRecord[];
  readonly origin: 'created' | 'restored' | 'adopted';
}
