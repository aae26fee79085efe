/**
 * The life of an exchange, in order: gate, affinity, route, placement, forward, settle. The same for
 * requests and upgrades. `settle` always runs, and is the only place where an error becomes a status.
 */
import { AppError, errorBody, errorTable, toAppError } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import { formatOwner } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { affinityName, readAffinity, splitKeyPrefix } from './core/affinity-key.ts';
import type { Affinity } from './core/affinity-key.ts';
import { readClientAddress } from './core/client-address.ts';
import type { ClientAddress, TrustedProxies } from './core/client-address.ts';
import { affinityCookie, editForClient, editForUpstream } from './core/header-rules.ts';
import { headerValues } from './core/header-list.ts';
import { judgeRequest } from './core/request-gate.ts';
import type { GateResult } from './core/request-gate.ts';
import { isOfConnection, isRepeatable, routePath, staticRoute } from './core/route.ts';
import type { Route } from './core/route.ts';
import type { Pin } from './directory/directory.ts';
import type { LocalAnswers } from './local-answers.ts';
import type { MoveGate } from './move/move-gate.ts';
import type { Placement, PlacementReason, Placer } from './placement.ts';
import type { Settlement, Settler } from './settle.ts';
import type { StaticActivity } from './static-activity.ts';
import type { ForwardOutcome, ForwardPlan, JoinTunnel, Wire } from './wire/wire.ts';

export interface ExchangeOptions {
  readonly placer: Placer;
  readonly gate: MoveGate;
  readonly settler: Settler;
  readonly local: LocalAnswers;
  readonly trusted: TrustedProxies;
  /** Internal pass of the fleet; undefined in front of static backends. */
  readonly pass: string | undefined;
  readonly activity: StaticActivity | undefined;
  readonly mintKey: () => AffinityKey;
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

  constructor(wire: Wire, options: ExchangeOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#settlement = options.settler.begin(wire);
  }

  async run(): Promise<void> {
    try {
      await this.#conduct();
    } catch (error) {
      this.#refuse(toAppError(error));
    } finally {
      if (this.#join === undefined) this.#options.settler.settle(this.#settlement);
      else goOnAsTunnel(this.#join, this.#settlement, this.#options);
    }
  }

  async #conduct(): Promise<void> {
    const gate = judgeRequest(this.#wire.head);
    if (gate.kind === 'refused') throw new AppError(gate.code, { facts: { reason: gate.reason } });
    const client = readClientAddress(this.#wire.peer, this.#wire.head.headers, this.#options.trusted);
    this.#settlement.client = client.address;
    const speaksOurProtocols = this.#options.pass !== undefined;
    const affinity = readAffinity({ ...gate, headers: this.#wire.head.headers, speaksOurProtocols });
    if (affinity.kind === 'refused')
      throw new AppError(affinity.code, { facts: { source: affinity.source } });
    const route = speaksOurProtocols ? routePath(gate.path) : staticRoute;
    this.#settlement.route = route.name;
    const key = this.#keyFor(route, affinity);
    if (key === undefined) return await this.#answerHere(route, gate, client);
    this.#settlement.key = key;
    await this.#forward({ key, gate, client, affinity });
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
        if (route.name === 'health') return undefined;
        throw new AppError('key-missing');
      case 'create': {
        // A new session of our own takes no key from a cookie: that is the session the browser had before.
        const isAmbient = affinity.kind === 'keyed' && affinity.source === 'cookie' && route !== staticRoute;
        return affinity.kind === 'keyed' && !isAmbient ? affinity.key : this.#options.mintKey();
      }
    }
  }

  async #answerHere(route: Route, gate: Admitted, client: ClientAddress): Promise<void> {
    if (this.#wire.kind === 'upgrade') throw new AppError('upgrade-refused');
    const { rest } = splitKeyPrefix(gate.path);
    const { method, headers } = this.#wire.head;
    const readBody = async (maxBytes: number): Promise<string> => await this.#wire.readBody(maxBytes);
    const secure = client.proto === 'https';
    const request = {
      method,
      path: rest,
      query: gate.query,
      headers,
      secure,
      readBody,
      signal: this.#wire.signal,
    };
    const answer = await this.#options.local.answer(route.name, request);
    this.#settlement.status = answer.status;
    this.#wire.answer(answer.status, answer.headers, answer.body);
  }

  async #forward(request: ForwardRequest): Promise<void> {
    const held = this.#passGate(request);
    if (held !== undefined) await held;
    let placement = requirePlacement(await this.#options.placer.place(request.key));
    let outcome = await this.#attempt(request, placement.pin, placement.reason);
    const replacement = await this.#replacementFor(request, outcome, placement.pin);
    if (replacement !== undefined) {
      this.#settlement.retried = outcome.kind;
      placement = replacement;
      outcome = await this.#attempt(request, placement.pin, placement.reason);
    }
    this.#conclude(outcome);
  }

  /**
   * Newcomers of a session that moves wait for its next owner. What belongs to a connection goes on to the old one,
   * which waits for it: a client that polls could not be told of the move otherwise.
   */
  #passGate({ key, gate }: ForwardRequest): Promise<void> | undefined {
    if (!this.#options.gate.isClosed(key) || isOfConnection(this.#settlement.route, gate.query))
      return undefined;
    return this.#options.gate.pass(key, this.#wire.signal);
  }

  async #attempt(request: ForwardRequest, pin: Pin, reason: PlacementReason): Promise<ForwardOutcome> {
    this.#settlement.pin = pin;
    this.#settlement.reason = reason;
    this.#options.activity?.opened(pin);
    const outcome = await this.#wire.forward(this.#plan(request, pin), () =>
      this.#options.settler.markFirstByte(this.#settlement),
    );
    if (outcome.kind !== 'agreed') this.#options.activity?.closed(pin.key);
    return outcome;
  }

  /**
   * A second placement, where trying again is safe: the edge refused the epoch, nothing reached it, or the
   * request has no body, may be repeated, and its owner is proved over.
   */
  async #replacementFor(
    request: ForwardRequest,
    outcome: ForwardOutcome,
    pin: Pin,
  ): Promise<Placed | undefined> {
    const { placer } = this.#options;
    if (outcome.kind === 'answered' || outcome.kind === 'agreed' || this.#wire.hasLeft) return undefined;
    if (outcome.kind === 'misdirected') {
      if (this.#wire.hasBody) return undefined;
      await this.#passGate(request);
      return requirePlacement(await placer.replaceAfterMove(pin, this.#wire.signal));
    }
    if (outcome.reached === 'client' || finalCodes.has(outcome.code)) return undefined;
    const replayable = !this.#wire.hasBody && isRepeatable(this.#settlement.route, this.#wire.head.method);
    if (outcome.reached === 'upstream' && !(replayable && outcome.code === 'upstream-broken'))
      return undefined;
    const placement = await placer.replaceAfterLoss(pin, this.#wire.signal);
    return placement === undefined ? undefined : requirePlacement(placement);
  }

  #conclude(outcome: ForwardOutcome): void {
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

  #plan(request: ForwardRequest, pin: Pin): ForwardPlan {
    const { pass } = this.#options;
    const { head } = this.#wire;
    const owner = formatOwner(pin.owner.id, pin.owner.incarnation);
    const exchangeId = this.#settlement.id;
    const internal =
      pass === undefined ? undefined : { key: pin.key, epoch: pin.epoch, owner, pass, exchangeId };
    const upgrade = head.isUpgrade ? headerValues(head.headers, 'upgrade')[0] : undefined;
    const forwarded = { ...request.client, host: request.gate.host };
    const handBack = { key: pin.key, cookie: this.#cookieFor(request) };
    return {
      exchangeId,
      address: pin.address,
      target: request.gate.target,
      edit: editForUpstream(head.headers, forwarded, internal, upgrade),
      editAnswer: (headers) => editForClient(headers, handBack, upgrade),
      takesRefusals: pass !== undefined,
    };
  }

  /** Browsers get the key as a cookie when they came without it: under the session's own path, or at `/` for static backends. */
  #cookieFor({ key, affinity, gate, client }: ForwardRequest): string | undefined {
    if (affinity.kind === 'keyed' && (affinity.source === 'header' || affinity.source === 'cookie'))
      return undefined;
    const secure = client.proto === 'https';
    if (this.#options.pass === undefined) return affinityCookie(key, '/', secure);
    const isPage =
      splitKeyPrefix(gate.path).keyText !== undefined || this.#settlement.route === 'session-create';
    return isPage ? affinityCookie(key, `/~${key}/`, secure) : undefined;
  }

  #refuse(error: AppError): void {
    const { entry, code } = error;
    this.#settlement.error = error;
    if (this.#settlement.status !== 0) return;
    this.#settlement.status = entry.status;
    if (code === 'client-left') return;
    this.#wire.answer(
      entry.status,
      refusalHeaders(code, error, this.#wire.peer.secure),
      errorBody(code, this.#settlement.id),
    );
  }
}

/**
 * Settles an upgrade when its tunnel ends. Thousands of them are open for hours: what is kept for each is what its last
 * line tells, and nothing of how it came about.
 */
function goOnAsTunnel(join: JoinTunnel, settlement: Settlement, options: ExchangeOptions): void {
  const { settler, activity } = options;
  const { key } = settlement.pin!;
  // The key as the client wrote it is a part of the head, and would keep all of that.
  settlement.key = key;
  join((totals) => {
    activity?.closed(key);
    settler.settleTunnel(settlement, totals);
  });
}

interface ForwardRequest {
  readonly key: AffinityKey;
  readonly gate: Admitted;
  readonly client: ClientAddress;
  readonly affinity: Affinity;
}

type Placed = Placement & { kind: 'placed' };

const retryAfterSeconds = 1;

function requirePlacement(placement: Placement): Placed {
  if (placement.kind === 'no-edge') throw new AppError('no-edge');
  return placement;
}

/** Failures that have nothing to do with whether the owner is over. */
const finalCodes = new Set(
  'client-left request-timeout framing-ambiguous edge-busy upstream-untrusted'.split(' '),
);

function refusalHeaders(code: ErrorCode, error: AppError, secure: boolean): Record<string, string> {
  const headers: Record<string, string> = { 'content-type': 'application/json', 'cache-control': 'no-store' };
  if (errorTable[code].retry !== 'never') headers['retry-after'] = String(retryAfterSeconds);
  // What follows may be a part of the body, or another request: RFC 9112 section 6.3 wants the connection closed.
  if (code === 'framing-ambiguous') headers['connection'] = 'close';
  // A browser that carries a bad cookie would be refused for ever.
  if (error.facts['source'] === 'cookie') {
    headers['set-cookie'] =
      `${affinityName}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  }
  return headers;
}
