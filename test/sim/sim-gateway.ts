/**
 * What `edge/oct/gateway.ts` does, on connections of a simulation: the handshake's checks in the same order, and the
 * same ways to end connections. The real Socket.IO server stands in its place in the product and in `test/system`.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createResumeAdapter, nameStream } from '../../edge/oct/resume.ts';
import { AppError, toAppError } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { AdmittedExchange } from '../../edge/adapter.ts';
import type { MemberId } from '../../edge/core/session-state.ts';
import type { MemberGateway } from '../../edge/oct/adapter.ts';
import type { GatewayOptions } from '../../edge/oct/gateway.ts';
import { toMemberId } from '../../edge/oct/handshake.ts';
import type { Admission } from '../../edge/oct/handshake.ts';
import { heartbeatOf } from '../../edge/oct/heartbeat.ts';
import { stopConnections } from '../../edge/oct/planned-stop.ts';
import { closeTransport, cutTransport } from '../../edge/oct/transport.ts';
import { EngineConnection, asEngineSocket, createSocket } from './engine-connection.ts';
import type { Ledger } from './ledger.ts';
import type { ConnectAuth, Tunnel } from './tunnel.ts';

/** What an upgrade of a simulation carries besides its head. */
export interface UpgradeExtras {
  readonly seat: string;
  readonly agree: () => Tunnel;
}

interface SimGatewayOptions extends GatewayOptions {
  readonly ledger: Ledger;
}

let lastId = 0;

export class SimGateway implements MemberGateway {
  readonly #options: SimGatewayOptions;
  readonly #connections = new Map<AffinityKey, Set<EngineConnection>>();

  constructor(options: SimGatewayOptions) {
    this.#options = options;
  }

  handleRequest(_exchange: AdmittedExchange, _request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(400).end();
  }

  handleUpgrade(exchange: AdmittedExchange, request: IncomingMessage): void {
    const { agree, seat } = request as unknown as UpgradeExtras;
    const conn = new EngineConnection(agree(), request);
    const { key } = exchange;
    heartbeatOf(asEngineSocket(conn));
    const connections = this.#connections.get(key) ?? new Set();
    this.#connections.set(key, connections.add(conn));
    conn.once('close', () => {
      connections.delete(conn);
      if (connections.size === 0 && this.#connections.get(key) === connections) this.#connections.delete(key);
    });
    conn.onConnect = (auth) => void this.#connect(conn, exchange, auth, seat);
  }

  countConnections(): { websockets: number; pollings: number } {
    return { websockets: this.#all().length, pollings: 0 };
  }

  closeKey(key: AffinityKey, closeCode: number): void {
    for (const conn of this.#of(key)) closeTransport(asEngineSocket(conn), closeCode);
  }

  async stop(): Promise<void> {
    await stopConnections(() => this.#all().map(asEngineSocket));
  }

  async stopKey(key: AffinityKey): Promise<void> {
    await stopConnections(() => this.#of(key).map(asEngineSocket));
  }

  cutKey(key: AffinityKey): void {
    for (const conn of this.#of(key)) cutTransport(asEngineSocket(conn));
  }

  #of(key: AffinityKey): EngineConnection[] {
    return [...(this.#connections.get(key) ?? [])];
  }

  #all(): EngineConnection[] {
    return [...this.#connections.values()].flatMap((connections) => [...connections]);
  }

  async #connect(
    conn: EngineConnection,
    exchange: AdmittedExchange,
    auth: ConnectAuth,
    seat: string,
  ): Promise<void> {
    const { canResume, expect, isFrozen, onRefusal, ledger } = this.#options;
    const recoveredPid = await this.#restore(auth);
    const socket = createSocket(conn, { id: `s${++lastId}`, auth, recoveredPid, freshPid: `p${lastId}` });
    let admission: Admission;
    try {
      // As the verification of a token, which takes its turn.
      await Promise.resolve();
      admission = admissionOf(auth);
      await expect(socket, exchange, admission);
      nameStream(socket, exchange.key, canResume);
      if (isFrozen(exchange.key)) throw new AppError('edge-leaving');
    } catch (error) {
      const { code, entry } = toAppError(error);
      onRefusal(code, exchange);
      if (entry.retry !== 'never') return closeTransport(asEngineSocket(conn), entry.closeCode);
      conn.tunnel.sendDown({ kind: 'refused', code });
      return conn.startClose(1000);
    }
    if (conn.readyState === 'closed') return;
    const { pid } = socket as unknown as { readonly pid: string };
    conn.tunnel.sendDown({ kind: 'connected', pid });
    conn.onEvent = (bytes) => {
      ledger.fed(seat, bytes, conn.isClosing);
      socket.emit('message', bytes);
    };
    this.#options.onConnection(socket, exchange, admission);
    const client = admission.profile.user.name;
    if (!conn.isClosing) ledger.admitted({ seat, client, epoch: exchange.epoch, pid, saidPid: auth.pid });
  }

  /** Socket.IO asks its adapter where the client sent both. */
  async #restore({ pid, offset }: ConnectAuth): Promise<string | undefined> {
    if (pid === undefined || offset === undefined) return undefined;
    const Adapter = createResumeAdapter(this.#options.canResume);
    const restored = await Adapter.prototype.restoreSession(pid, offset);
    return (restored as { readonly pid: string } | null)?.pid;
  }
}

/** A token of a simulation is the claim itself. */
function admissionOf({ token, publicKey }: ConnectAuth): Admission {
  const claim = JSON.parse(token) as TokenClaim;
  if (typeof claim.room !== 'string') throw new AppError('token-invalid');
  const { user, host = false, roomClock } = claim;
  const id: MemberId = toMemberId(token);
  return { profile: { id, user, isHost: host, publicKey, compressions: ['none'] }, clock: roomClock };
}

interface TokenClaim {
  readonly room: string;
  readonly roomClock: number;
  readonly user: { readonly id: string; readonly name: string };
  readonly host?: boolean;
}
