/**
 * The life of an exchange, in order: gate, affinity, route, placement, forward, settle. The same for requests and
 * upgrades. `settle` always runs; `#refuse` is the only place within it where an error becomes a status.
 */
import { AppError, errorBody, toAppError } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { readAffinity, splitKeyPrefix } from './core/affinity-key.ts';
import type { Affinity } from './core/affinity-key.ts';
import { isRelayed, readClientAddress } from './core/client-address.ts';
import type { ClientAddress, TrustedHeader } from './core/client-address.ts';
import type { Networks } from '#shared/network-list.ts';
import { dueCookie } from './core/due-cookie.ts';
import { judgeRequest } from './core/request-gate.ts';
import type { GateLimits, GateResult } from './core/request-gate.ts';
import { isPreflight, routePath, staticRoute } from './core/route.ts';
import type { Route } from './core/route.ts';
import { strictTransportField } from './core/strict-transport.ts';
import type { Pin } from './directory/directory.ts';
import { awaitEntry } from './entry-wait.ts';
import { planForward } from './forward-plan.ts';
import type { Passage, Traffic } from './limits/traffic.ts';
import type { LocalAnswer } from './local-answer.ts';
import type { LocalAnswers } from './local-answers.ts';
import type { MoveGate } from './move/move-gate.ts';
import type { Placement, Placer } from './placement.ts';
import { refusalHeaders } from './refusal-headers.ts';
import { cutOff, findNextAttempt, requirePlacement, retriesMax } from './second-attempt.ts';
import type { NotAnswered, Placed } from './second-attempt.ts';
import type { Settlement, Settler } from './settle.ts';
import type { Entrance } from './tls/entrance.ts';
import { isPiecewise, lengthOf } from './wire/answer-body.ts';
import type { ForwardOutcome, JoinTunnel, Wire } from './wire/wire.ts';

export interface ExchangeOptions {
  readonly placer: Placer;
  readonly gate: MoveGate;
  readonly settler: Settler;
  readonly local: LocalAnswers;
  readonly trusted: Networks;
  /** Which header of trusted proxies counts now; X-Forwarded-For unless given. */
  readonly trustedHeader?: () => TrustedHeader;
  /** Internal pass of the fleet; undefined in front of static backends. */
  readonly pass: string | undefined;
  readonly traffic: Traffic;
  readonly mintKey: () => AffinityKey;
  readonly limits: GateLimits;
  readonly entrance: Entrance;
  /** HSTS on answers over TLS; empty for none. */
  readonly strictTransport: string;
}

type Admitted = GateResult & { kind: 'passed' };

/** Runs one exchange to its end; never rejects. */
export function conductExchange(wire: Wire, options: ExchangeOptions): Promise<void> {
  return new Exchange(wire, options).run();
}

class Exchange {
  readonly #wire: Wire;
  readonly #options: ExchangeOptions;
  readonly #settlement: Settlement;
  #join: JoinTunnel | undefined;
  /** Of the last attempt. */
  #passage: Passage | undefined;
  #retries = 0;
  readonly #onAnswer = (): void => this.#options.settler.markFirstByte(this.#settlement);

  constructor(wire: Wire, options: ExchangeOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#settlement = options.settler.begin(wire);
  }

  /** On the usual way it waits once, for the answer: each wait more would cost as much as a part of the head. */
  async run(): Promise<void> {
    try {
      const admitted = this.#admit();
      if ('route' in admitted) await this.#answerHere(admitted);
      else await this.#conclude(admitted, await this.#forward(admitted));
    } catch (error) {
      this.#refuse(toAppError(error));
    } finally {
      if (this.#join === undefined) this.#settle();
      else
        goOnAsTunnel(this.#join, this.#settlement, {
          passage: this.#passage!,
          settler: this.#options.settler,
        });
    }
  }

  /** What to forward, or what to answer here. */
  #admit(): ForwardRequest | LocalRequest {
    const gate = judgeRequest(this.#wire.head, this.#options.limits);
    if (gate.kind === 'refused') throw new AppError(gate.code, { facts: { reason: gate.reason } });
    const { headers } = this.#wire.head;
    const client = readClientAddress(
      this.#wire.peer,
      headers,
      this.#options.trusted,
      this.#options.trustedHeader?.(),
    );
    this.#settlement.client = client.address;
    const speaksOurProtocols = this.#options.pass !== undefined;
    const { path, query } = gate;
    const atTheDoor = this.#options.entrance.judge(this.#wire.peer, path, client.proto);
    const affinity = readAffinity({ path, query, headers, speaksOurProtocols });
    if (affinity.kind === 'refused')
      throw new AppError(affinity.code, { facts: { source: affinity.source } });
    const route = atTheDoor ?? (speaksOurProtocols ? routePath(path) : staticRoute);
    this.#settlement.route = route.name;
    const key = this.#keyFor(route, affinity);
    if (key === undefined) return { route, gate, client };
    this.#settlement.key = key;
    const secure = client.proto === 'https';
    const isStatic = !speaksOurProtocols;
    return { key, gate, client, cookie: dueCookie({ key, affinity, secure, path, route, isStatic }) };
  }

  /** The key to forward with; undefined where the front door answers by itself. */
  #keyFor(route: Route, affinity: Affinity): AffinityKey | undefined {
    switch (route.needs) {
      case 'local':
        return undefined;
      case 'nothing-here':
        throw new AppError('not-found');
      case 'keyed':
        if (affinity.kind === 'keyed') return affinity.key;
        if (route.name === 'health' || isPreflight(this.#wire.head)) return undefined;
        throw new AppError('key-missing');
      case 'create': {
        // A new session of our own takes no key from a cookie: that is the session the browser had before.
        const isAmbient = affinity.kind === 'keyed' && affinity.source === 'cookie' && route !== staticRoute;
        return affinity.kind === 'keyed' && !isAmbient ? affinity.key : this.#options.mintKey();
      }
    }
  }

  async #answerHere({ route, gate, client }: LocalRequest): Promise<void> {
    if (this.#wire.kind === 'upgrade' && route.name !== 'redirect') throw new AppError('upgrade-refused');
    const { path, query, host, target } = gate;
    const { rest } = splitKeyPrefix(path);
    const { method, headers } = this.#wire.head;
    const readBody = async (maxBytes: number): Promise<string> => await this.#wire.readBody(maxBytes);
    const secure = client.proto === 'https';
    const { signal } = this.#wire;
    const relayed = isRelayed(this.#wire.peer.address, headers, this.#options.trusted);
    const from = { secure, client: client.address, isRelayed: relayed };
    const request = { method, path: rest, query, host, target, headers, ...from };
    const answer = await this.#options.local.answer(route.name, { ...request, readBody, signal });
    this.#settlement.status = answer.status;
    await this.#sayHere(answer);
  }

  async #sayHere({ status, headers, body }: LocalAnswer): Promise<void> {
    if (!isPiecewise(body)) return this.#answer(status, headers, body);
    const transport = strictTransportField(this.#options.strictTransport, this.#wire.peer.secure);
    const outcome = await this.#wire.answerPiecewise!(status, { ...headers, ...transport }, body);
    this.#accept(outcome);
  }

  /** The first attempt. */
  #forward(request: ForwardRequest): Promise<ForwardOutcome> {
    const held = this.#passGate(request);
    if (held !== undefined) return this.#forwardLater(request, held);
    const placement = this.#options.placer.place(request.key, request.client.address);
    if (placement instanceof Promise) return this.#forwardLater(request, undefined, placement);
    return this.#attempt(request, requirePlacement(placement));
  }

  async #forwardLater(
    request: ForwardRequest,
    held: Promise<void> | undefined,
    placement?: Promise<Placement>,
  ): Promise<ForwardOutcome> {
    await held;
    const placed = requirePlacement(
      await (placement ?? this.#options.placer.place(request.key, request.client.address)),
    );
    return await this.#attempt(request, placed);
  }

  #passGate({ key, gate }: ForwardRequest): Promise<void> | undefined {
    const { gate: moves, local } = this.#options;
    if (local.judgeLogin === undefined && !moves.isClosed(key)) return undefined;
    return awaitEntry(this.#wire, { route: this.#settlement.route, key, query: gate.query }, this.#options);
  }

  #attempt(request: ForwardRequest, { pin, reason }: Placed): Promise<ForwardOutcome> {
    this.#settlement.pin = pin;
    this.#settlement.reason = reason;
    const isRetry = this.#retries > 0;
    const passing = { pin, kind: this.#wire.kind, client: request.client.address, isRetry };
    this.#passage = this.#options.traffic.begin(passing);
    if (this.#passage.isRefused) return cutOff;
    const { pass, strictTransport } = this.#options;
    const planOptions = { exchangeId: this.#settlement.id, pass, strictTransport, isNew: reason === 'new' };
    return this.#wire.forward(planForward(this.#wire, request, pin, planOptions), this.#onAnswer);
  }

  #settle(): void {
    // Whatever has thrown: nothing is under way any more.
    this.#passage?.close();
    this.#options.settler.settle(this.#settlement);
  }

  /** Ends with the outcome, or tries again where that is safe. */
  #conclude(request: ForwardRequest, outcome: ForwardOutcome): Promise<void> | undefined {
    const { pin } = this.#settlement;
    this.#passage?.end(outcome, this.#settlement.firstByteAtMs);
    const isOver = outcome.kind === 'answered' || outcome.kind === 'agreed';
    if (!isOver && this.#retries < retriesMax && !this.#wire.hasLeft)
      return this.#tryAgain(request, outcome, pin!);
    this.#accept(outcome);
    return undefined;
  }

  async #tryAgain(request: ForwardRequest, outcome: NotAnswered, pin: Pin): Promise<void> {
    const { placer, traffic } = this.#options;
    const { route, reason } = this.#settlement;
    const passGate = async (): Promise<void> => await this.#passGate(request);
    const failed = { wire: this.#wire, route, client: request.client.address, retries: this.#retries };
    const attempt = { ...failed, pin, reason: reason!, passGate };
    const replacement = await findNextAttempt(attempt, outcome, { placer, traffic });
    if (replacement === undefined) return this.#accept(outcome);
    this.#retries++;
    this.#settlement.retried = outcome.kind;
    await this.#conclude(request, await this.#attempt(request, replacement));
  }

  #accept(outcome: ForwardOutcome): void {
    switch (outcome.kind) {
      case 'answered':
        this.#settlement.status = outcome.status;
        this.#settlement.bytes = outcome.bytes;
        return;
      case 'agreed':
        this.#settlement.status = 101;
        this.#settlement.carrier = outcome.carrier;
        this.#join = outcome.join;
        return;
      case 'misdirected':
        throw new AppError('wrong-edge', { facts: { refusal: outcome.refusal } });
      case 'failed':
        this.#settlement.bytes = outcome.bytes;
        if (outcome.reached === 'client') this.#settlement.status = outcome.status ?? 0;
        throw new AppError(outcome.code, { cause: outcome.cause });
    }
  }

  #refuse(error: AppError): void {
    const { entry, code } = error;
    this.#settlement.error = error;
    if (this.#settlement.status !== 0) return;
    this.#settlement.status = entry.status;
    if (code === 'client-left') return;
    const headers = refusalHeaders(code, error, this.#wire.peer.secure);
    this.#answer(entry.status, headers, errorBody(code, this.#settlement.id));
  }

  #answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
    const transport = strictTransportField(this.#options.strictTransport, this.#wire.peer.secure);
    this.#wire.answer(status, { ...headers, ...transport }, body);
    const down = this.#wire.head.method === 'HEAD' ? 0 : (lengthOf(status, body) ?? 0);
    this.#settlement.bytes = { ...this.#settlement.bytes, down };
  }
}

/**
 * Settles an upgrade when its tunnel ends. Thousands of them are open for hours: what is kept for each is what its last
 * line tells, and nothing of how it came about.
 */
function goOnAsTunnel(join: JoinTunnel, settlement: Settlement, { passage, settler }: Kept): void {
  const { key } = settlement.pin!;
  // The key as the client wrote it is a part of the head, and would keep all of that.
  settlement.key = key;
  join((totals) => {
    passage.close();
    settler.settleTunnel(settlement, totals);
  });
}

interface Kept {
  readonly passage: Passage;
  readonly settler: Settler;
}

interface ForwardRequest {
  readonly key: AffinityKey;
  readonly gate: Admitted;
  readonly client: ClientAddress;
  readonly cookie: string | undefined;
}

interface LocalRequest {
  readonly route: Route;
  readonly gate: Admitted;
  readonly client: ClientAddress;
}
