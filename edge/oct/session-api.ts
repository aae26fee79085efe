/**
 * `POST /api/session/create | join/KEY | poll/KEY.id` of the Open Collaboration Protocol, for people who
 * have logged in at the front door. Bodies are not read: the protocol sends none.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AppError, toAppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionTokens, User } from '#shared/session-token.ts';
import type { AdmittedExchange, TakeSeat } from '../adapter.ts';
import type { JoinId } from '../core/session-state.ts';
import { refuseRequest } from '../refusal.ts';
import type { RulesDesk } from '../rules-desk.ts';
import { allowOrigin, answerJson, answerPreflight } from './http-answer.ts';
import { answerNotFound } from './join-desk.ts';
import type { Sessions } from './sessions.ts';

export const sessionApiPrefix = '/api/session/';
const createPath = `${sessionApiPrefix}create`;
const guestPathPattern = /^\/api\/session\/(join|poll)\/([^/]+)$/;

interface ApiOptions {
  readonly sessions: Sessions;
  readonly tokens: SessionTokens;
  readonly takeSeat: TakeSeat;
  readonly rules: Pick<RulesDesk, 'hostingRefusal'>;
  readonly log: Log;
  readonly metrics: Metrics;
}

const roomNotFound = { code: 'RoomNotFound', params: [], message: 'Room not found' };
const cookiePattern = /(?:^|;\s*)oct-jwt=([^;]*)/;

export class SessionApi {
  readonly #options: ApiOptions;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  /** Answers the request, errors included; never rejects. */
  async handle(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    request.resume();
    allowOrigin(request, response);
    try {
      await this.#route(exchange, request, response);
    } catch (error) {
      this.#fail(toAppError(error), exchange, response);
    }
  }

  async #route(
    exchange: AdmittedExchange,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (request.method === 'OPTIONS') return answerPreflight(response);
    if (request.method !== 'POST') throw new AppError('method-refused');
    const user = await this.#options.tokens.verifyLogin(readLoginToken(request));
    const [path] = exchange.target.split('?', 1) as [string];
    if (path === createPath) {
      this.#judgeHost(request);
      return await this.#create(exchange, user, response);
    }
    const [, action, subject] = guestPathPattern.exec(path) ?? [];
    switch (action) {
      case 'join':
        if (subject !== exchange.key) throw new AppError('key-conflict');
        return await this.#join(exchange, user, response);
      case 'poll':
        return await this.#poll(exchange, subject!, response);
      default:
        throw new AppError('not-found');
    }
  }

  /** By what few clients say here; of the others their connection tells. */
  #judgeHost(request: IncomingMessage): void {
    const told = request.headers['x-oct-client'];
    const refusal = typeof told === 'string' ? this.#options.rules.hostingRefusal(told) : undefined;
    if (refusal !== undefined) throw new AppError('client-refused', { params: [refusal] });
  }

  async #create(exchange: AdmittedExchange, user: User, response: ServerResponse): Promise<void> {
    const { key } = exchange;
    const birth = await this.#seated(async () => await this.#options.sessions.create(exchange));
    if (birth === undefined) throw new AppError('session-exists');
    const claim = { room: key, roomClock: birth, user, host: true };
    const roomToken = await this.#options.tokens.signSession(claim);
    answerJson(response, 200, { roomId: key, roomToken });
  }

  async #join(exchange: AdmittedExchange, user: User, response: ServerResponse): Promise<void> {
    const { sessions } = this.#options;
    const { key } = exchange;
    await sessions.recall(exchange);
    const session = sessions.find(key);
    if (session === undefined) return answerJson(response, 404, roomNotFound);
    const id = await this.#seated(async () => await session.askToJoin(user));
    answerJson(response, 200, { pollToken: `${key}.${id}`, roomId: key });
  }

  /** For what brings one more member. Throws `licence-full` and `licence-expired`. */
  async #seated<T>(work: () => Promise<T>): Promise<T> {
    const seat = await this.#options.takeSeat();
    if (seat.kind === 'refused') throw new AppError(seat.code);
    return await work().finally(seat.release);
  }

  /** The token is the key, which brings the poll to this edge, and the request's id, which is the secret. */
  async #poll(exchange: AdmittedExchange, token: string, response: ServerResponse): Promise<void> {
    const { sessions } = this.#options;
    const { key } = exchange;
    const dot = token.lastIndexOf('.');
    if (token.slice(0, dot) !== key) return answerNotFound(response);
    await sessions.recall(exchange);
    const session = sessions.find(key);
    if (session === undefined) return answerNotFound(response);
    session.pollJoin(token.slice(dot + 1) as JoinId, response);
  }

  #fail(error: AppError, exchange: AdmittedExchange, response: ServerResponse): void {
    const { code, entry, facts, params } = error;
    this.#options.metrics.count('ct_edge_refused_total', { code });
    this.#options.log.write(entry.level, 'exchange.failed', {
      exchange: exchange.exchangeId,
      code,
      facts,
      ...(entry.level === 'error' ? { error } : {}),
    });
    refuseRequest(response, code, exchange.exchangeId, params);
  }
}

/** Throws `token-missing`. */
function readLoginToken(request: IncomingMessage): string {
  const header = request.headers['x-oct-jwt'];
  const token = typeof header === 'string' ? header : cookiePattern.exec(request.headers.cookie ?? '')?.[1];
  if (token === undefined || token === '') throw new AppError('token-missing');
  return token;
}
