/**
 * The wire of upgrades: the handshake as bytes on a connection of its own, then raw bytes. The edge's answer to the handshake
 * is passed on whatever it is; after a 101 both sockets are joined until they close.
 */
import type { AppError, ErrorCode } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { formatAnswer, statusLine, upgradeLines } from './answer-head.ts';
import type { ClientConnection, ClientWire } from './client-connection.ts';
import type { HandedSocket } from './handed-socket.ts';
import type { GiveDecision, HandedTunnel, HandoffLine } from './handoff-line.ts';
import { HandoffQuestion } from './handoff-question.ts';
import type { QuestionEnd } from './handoff-question.ts';
import { Handshake } from './handshake.ts';
import type { Answered, HandshakeEnd } from './handshake.ts';
import { Leaving } from './leaving.ts';
import type { RequestScanner } from './request-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { joinSockets } from './tunnel.ts';
import type { Upstreams } from './upstreams.ts';
import { keepTunnel } from './tunnel-end.ts';
import type { OpenTunnel } from './tunnel-end.ts';
import type { Carrier, ForwardOutcome, ForwardPlan, JoinTunnel, Wire } from './wire.ts';

interface UpgradeWireOptions {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly upstreams: Upstreams;
  readonly secure: boolean;
}

/** Why the front door carries an upgrade itself. */
type RelayReason =
  'off' | 'static' | 'no-addon' | 'tls' | 'no-line' | Extract<GiveDecision, { kind: 'untaken' }>['reason'];

export class UpgradeWire extends Leaving implements ClientWire {
  readonly kind = 'upgrade';
  readonly hasBody = false;
  readonly body = undefined;
  readonly persists = false;
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly #connection: ClientConnection;
  readonly #scanner: RequestScanner;
  readonly #options: UpgradeWireOptions;
  #handshake: Handshake | undefined;
  #question: HandoffQuestion | undefined;
  #withdraw: (() => void) | undefined;

  constructor(connection: ClientConnection, scanner: RequestScanner, options: UpgradeWireOptions) {
    super();
    this.#connection = connection;
    this.#scanner = scanner;
    this.#options = options;
    const { method, target, httpVersion } = scanner;
    this.head = { method, target, httpVersion, headers: scanner.headers(), isUpgrade: true };
    this.peer = connection.peer;
  }

  leave(reason: AppError): void {
    this.noteLeft(reason);
    this.#handshake?.abort(reason);
    this.#question?.abort(reason);
    this.#withdraw?.();
  }

  onDrain(): void {
    // Nothing is written before the answer to the handshake, and the tunnel has an ear of its own.
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Buffer): void {
    const head = formatAnswer(status, headers, 'connection: close\r\n', body);
    this.#connection.writeBoth(head, Buffer.from(body));
  }

  readBody(): Promise<string> {
    return Promise.resolve('');
  }

  async forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    const road = this.#roadTo(plan);
    if (typeof road === 'string') return await this.#carry(plan, road, onAnswer);
    const handed = await this.#handOff(plan, road, onAnswer);
    return typeof handed === 'string' ? await this.#carry(plan, handed, onAnswer) : handed;
  }

  /** The line by which the edge can have the client's own connection, or why there is none. */
  #roadTo({ address, takesRefusals }: ForwardPlan): HandoffLine | RelayReason {
    const { settings, upstreams, secure } = this.#options;
    if (!takesRefusals) return 'static';
    if (settings.CT_HANDOFF === 'off') return 'off';
    if (!upstreams.transport.canGive) return 'no-addon';
    if (secure) return 'tls';
    return upstreams.pool(address).standingLine() ?? 'no-line';
  }

  /** Has the edge take the client's connection; where it did not, the reason why the front door has to carry it. */
  async #handOff(
    plan: ForwardPlan,
    line: HandoffLine,
    onAnswer: () => void,
  ): Promise<ForwardOutcome | RelayReason> {
    const end = await this.#ask(plan);
    this.#question = undefined;
    if (end.kind === 'failed') return end;
    if (end.kind === 'declined') return this.#passRefusal(end, plan, onAnswer);
    const decision = await this.#give(plan, line);
    this.#withdraw = undefined;
    switch (decision.kind) {
      case 'taken': {
        onAnswer();
        const { tunnels } = this.#options.upstreams.pool(plan.address);
        countUpgrade(this.#options.upstreams.metrics, 'edge', 'handed');
        return { kind: 'agreed', carrier: 'edge', join: joinHanded(tunnels, decision.tunnel) };
      }
      case 'untaken':
        return decision.reason;
      case 'cut':
        return failed('upstream-timeout', 'client');
    }
  }

  async #ask(plan: ForwardPlan): Promise<QuestionEnd> {
    return await new Promise<QuestionEnd>((resolve) => {
      const pool = this.#options.upstreams.pool(plan.address);
      this.#question = new HandoffQuestion({ scanner: this.#scanner, plan, pool, resolve });
      if (this.left === undefined) this.#question.start();
      else this.#question.abort(this.left);
    });
  }

  async #give(plan: ForwardPlan, line: HandoffLine): Promise<GiveDecision> {
    return await new Promise<GiveDecision>((resolve) => {
      this.#withdraw = line.give({
        client: this.#connection,
        exchangeId: plan.exchangeId,
        fields: plan.editAnswer([]).added,
        idleMs: this.#options.settings.CT_TUNNEL_IDLE_TIMEOUT_MS,
        onDecided: resolve,
      });
      if (this.left !== undefined) this.#withdraw();
    });
  }

  /** The front door carries the bytes itself. */
  async #carry(plan: ForwardPlan, reason: RelayReason, onAnswer: () => void): Promise<ForwardOutcome> {
    const end = await this.#shakeHands(plan);
    this.#handshake = undefined;
    switch (end.kind) {
      case 'failed':
        return end;
      case 'declined':
        return this.#passRefusal(end, plan, onAnswer);
      case 'agreed':
        onAnswer();
        this.#connection.write(this.#formatAgreed(end, plan));
        countUpgrade(this.#options.upstreams.metrics, 'front-door', reason);
        return {
          kind: 'agreed',
          carrier: 'front-door',
          join: this.#joinerOf(this.#connection.handOver(), end.handed, plan.address),
        };
    }
  }

  #joinerOf(client: HandedSocket, edge: HandedSocket, address: string): JoinTunnel {
    const { wheel, settings, upstreams } = this.#options;
    const { tunnels } = upstreams.pool(address);
    const options = { wheel, idleMs: settings.CT_TUNNEL_IDLE_TIMEOUT_MS };
    return (tellBytes) =>
      keepTunnel(tunnels, tellBytes, (tellEnd) => joinSockets(client, edge, options, tellEnd));
  }

  async #shakeHands(plan: ForwardPlan): Promise<HandshakeEnd> {
    return await new Promise<HandshakeEnd>((resolve) => {
      const { settings, wheel, upstreams } = this.#options;
      const { transport } = upstreams;
      this.#handshake = new Handshake({
        scanner: this.#scanner,
        plan,
        settings,
        wheel,
        transport,
        origin: upstreams.pool(plan.address).origin,
        resolve,
      });
      if (this.left === undefined) this.#handshake.start();
      else this.#handshake.abort(this.left);
    });
  }

  /** The edge said no: its answer goes to the client, unless it asks for another placement. */
  #passRefusal(
    end: HandshakeEnd & { kind: 'declined' },
    plan: ForwardPlan,
    onAnswer: () => void,
  ): ForwardOutcome {
    if (end.status === 421 && plan.takesRefusals) {
      return {
        kind: 'misdirected',
        refusal: headerValues(end.headers, internalHeaders.refusal)[0] ?? 'unnamed',
      };
    }
    onAnswer();
    const edit = plan.editAnswer(end.headers);
    const dropped = [...new Set([...edit.dropped, ...lengthFields(end.headers)])].sort((a, b) => a - b);
    const own = `content-length: ${end.body.length}\r\nconnection: close\r\n`;
    const head = formatHead(end, dropped, edit.added + own);
    this.#connection.writeBoth(head, end.body);
    return { kind: 'answered', status: end.status, bytes: { up: 0, down: end.body.length } };
  }

  #formatAgreed(end: HandshakeEnd & { kind: 'agreed' }, plan: ForwardPlan): string {
    const { dropped, added, upgrade = '' } = plan.editAnswer(end.headers);
    // As the edge writes it, where it does.
    const agreed = headerValues(end.headers, 'upgrade')[0] ?? upgrade;
    return formatHead(end, dropped, added + upgradeLines(agreed));
  }
}

function formatHead({ scanner, status }: Answered, dropped: readonly number[], added: string): string {
  return `${statusLine(status, scanner.reason)}${scanner.linesWithout(dropped)}${added}\r\n`;
}

function joinHanded(tunnels: Set<OpenTunnel>, tunnel: HandedTunnel): JoinTunnel {
  return (tellBytes) =>
    keepTunnel(tunnels, tellBytes, (tellEnd) => {
      tunnel.watch(tellEnd);
      return tunnel;
    });
}

function countUpgrade(metrics: Metrics, carrier: Carrier, reason: RelayReason | 'handed'): void {
  metrics.count('ct_proxy_upgrades_total', { carrier, reason });
}

function failed(code: ErrorCode, reached: 'upstream' | 'client'): ForwardOutcome {
  return { kind: 'failed', code, reached, cause: undefined, bytes: { up: 0, down: 0 } };
}

function lengthFields(headers: HeaderList): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === 'content-length') numbers.push(i / 2);
  }
  return numbers;
}
