/**
 * The wire of upgrades: the handshake as bytes on a connection of its own, then raw bytes. The edge's answer to the handshake
 * is passed on whatever it is; after a 101 both sockets are joined until they close.
 */
import type { AppError } from '#shared/errors.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { formatAnswer, formatFields, statusLine } from './answer-head.ts';
import type { ClientConnection, ClientWire } from './client-connection.ts';
import type { HandedSocket } from './handed-socket.ts';
import { Handshake } from './handshake.ts';
import type { HandshakeEnd } from './handshake.ts';
import type { RequestScanner } from './request-head.ts';
import type { TimerWheel } from './timer-wheel.ts';
import { joinSockets } from './tunnel.ts';
import type { Upstreams } from './upstreams.ts';
import type { OpenTunnel, TellEnd } from './tunnel-end.ts';
import type { ByteCounts, ForwardOutcome, ForwardPlan, JoinTunnel, Wire } from './wire.ts';

interface UpgradeWireOptions {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly upstreams: Upstreams;
  readonly secure: boolean;
}

export class UpgradeWire implements ClientWire {
  readonly kind = 'upgrade';
  readonly hasBody = false;
  readonly body = undefined;
  readonly persists = false;
  readonly head: RequestHead;
  readonly peer: Wire['peer'];
  readonly #connection: ClientConnection;
  readonly #scanner: RequestScanner;
  readonly #options: UpgradeWireOptions;
  #controller: AbortController | undefined;
  #left: AppError | undefined;
  #handshake: Handshake | undefined;

  constructor(connection: ClientConnection, scanner: RequestScanner, options: UpgradeWireOptions) {
    this.#connection = connection;
    this.#scanner = scanner;
    this.#options = options;
    const { method, target, httpVersion } = scanner;
    this.head = { method, target, httpVersion, headers: scanner.headers(), isUpgrade: true };
    this.peer = { address: connection.address, secure: options.secure };
  }

  get hasLeft(): boolean {
    return this.#left !== undefined;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.hasLeft) this.#controller.abort();
    return this.#controller.signal;
  }

  leave(reason: AppError): void {
    this.#left = reason;
    this.#controller?.abort();
    this.#handshake?.abort(reason);
  }

  onDrain(): void {
    // Nothing is written before the answer to the handshake, and the tunnel has an ear of its own.
  }

  answer(status: number, headers: Readonly<Record<string, string>>, body: string): void {
    this.#connection.write(
      Buffer.from(formatAnswer(status, headers, 'connection: close\r\n', body) + body, 'utf8'),
    );
  }

  readBody(): Promise<string> {
    return Promise.resolve('');
  }

  async forward(plan: ForwardPlan, onAnswer: () => void): Promise<ForwardOutcome> {
    const end = await this.#shakeHands(plan);
    this.#handshake = undefined;
    switch (end.kind) {
      case 'failed':
        return end;
      case 'declined':
        return this.#passRefusal(end, plan, onAnswer);
      case 'agreed':
        onAnswer();
        this.#connection.write(this.#formatHead(end, plan.editAnswer(end.headers), ''));
        return {
          kind: 'agreed',
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
        resolve,
      });
      if (this.#left === undefined) this.#handshake.start();
      else this.#handshake.abort(this.#left);
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
    // An upgrade that was declined hands nothing back that speaks of one.
    const added = withoutUpgrade(edit.added);
    const dropped = [...new Set([...edit.dropped, ...lengthFields(end.headers)])].sort((a, b) => a - b);
    const own = `content-length: ${end.body.length}\r\nconnection: close\r\n`;
    const head = this.#formatHead(end, { dropped, added }, own);
    this.#connection.writeBoth(head, end.body);
    return { kind: 'answered', status: end.status, bytes: { up: 0, down: end.body.length } };
  }

  #formatHead(
    end: HandshakeEnd & { kind: 'agreed' | 'declined' },
    edit: { readonly dropped: readonly number[]; readonly added: HeaderList },
    own: string,
  ): string {
    const lines = end.scanner.linesWithout(edit.dropped) + formatFields(edit.added);
    return `${statusLine(end.status, end.scanner.reason)}${lines}${own}\r\n`;
  }
}

/** Apart from what makes the tunnel, so that nothing of the handshake is kept in memory as long as it lasts. */
function keepTunnel(
  tunnels: Set<OpenTunnel>,
  tellBytes: (bytes: ByteCounts) => void,
  open: (tellEnd: TellEnd) => OpenTunnel,
): void {
  const tunnel = open(({ bytes }) => {
    tunnels.delete(tunnel);
    tellBytes(bytes);
  });
  tunnels.add(tunnel);
}

function withoutUpgrade(fields: HeaderList): string[] {
  const kept: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] !== 'connection' && fields[i] !== 'upgrade') kept.push(fields[i]!, fields[i + 1]!);
  }
  return kept;
}

function lengthFields(headers: HeaderList): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i]!.toLowerCase() === 'content-length') numbers.push(i / 2);
  }
  return numbers;
}
