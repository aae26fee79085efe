/**
 * The connections of edges, one WebSocket each, once they have shown the join token. Checks the hello, and hands every
 * report to `Membership`. Holds no state beyond the connection.
 */
import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import {
  controlCloseCodes,
  controlProtocolVersion,
  edgeMessageSchema,
  parseControlMessage,
} from '#shared/control-protocol.ts';
import type {
  EdgeHello,
  EdgeMessage,
  EdgeReport,
  FrontDoorMessage,
  StrandedSession,
} from '#shared/control-protocol.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { JournalRecord } from '#shared/journal/journal-record.ts';
import type { Log } from '#shared/log.ts';
import type { PoolRules } from '#shared/pool-rules.ts';
import { timing } from '#shared/timing.ts';
import type { EdgeRef } from '../directory/directory.ts';
import type { EdgeAnswer, EdgeLinks } from './edge-links.ts';
import type { Membership } from './membership.ts';

export interface ConnectionOptions {
  readonly clusterHash: string;
  readonly membership: Membership;
  readonly links: EdgeLinks;
  /** What edges ask for; runs beside the reports, and never rejects. */
  readonly requests: EdgeRequests;
  readonly log: Log;
}

export interface EdgeRequests {
  /** Resolves when nothing of the edge is left that can move. */
  evacuate(edge: EdgeRef, deadlineMs: number): Promise<void>;
  /** After each report; `isFirst` of its connection. */
  onReport(edge: EdgeRef, report: { readonly isDraining: boolean; readonly isFirst: boolean }): void;
  giveBack(edge: EdgeRef, sessions: readonly StrandedSession[]): Promise<void>;
  /** An edge that knows of seats has joined. */
  greet?: (edge: EdgeRef, tell: (message: FrontDoorMessage) => void) => void;
  claimSeats?: (edge: EdgeRef, claim: EdgeMessage & { type: 'claim-seats' }) => Promise<FrontDoorMessage>;
  /** The same object until they change. */
  rules?: () => PoolRules;
  /** True when the records are stored; a front door without a journal takes none. */
  takeRecords?: (edge: EdgeRef, records: readonly JournalRecord[]) => Promise<boolean>;
}

/** Of this process. */
const doorId = randomUUID();
const helloDeadlineMs = 5_000;
const messagesWaitingMax = 16;

/** The newest connection of each edge. */
export type ConnectedEdges = Map<EdgeId, EdgeConnection>;

/** Takes in an edge that has shown the join token. */
export function acceptEdge(socket: WebSocket, connected: ConnectedEdges, options: ConnectionOptions): void {
  EdgeConnection.accept(socket, connected, options);
}

/** One edge's connection: `hello`, then reports, then perhaps `farewell`; messages are handled in order. */
class EdgeConnection {
  readonly #socket: WebSocket;
  readonly #connected: ConnectedEdges;
  readonly #options: ConnectionOptions;
  /** Ends a connection that says no hello, or no report. */
  #silence: NodeJS.Timeout;
  #edge: EdgeRef | undefined;
  #bootId = '';
  #saidFarewell = false;
  #hasReported = false;
  /** It can be sent on to another process at this place. */
  #canFollow = false;
  readonly #followed = Promise.withResolvers<void>();
  #toldRules: PoolRules | undefined;
  #waiting = 0;
  #turn: Promise<void> = Promise.resolve();
  readonly #tell = (message: FrontDoorMessage): void => this.#send(message);

  /** The connection lives as long as its socket, whose events keep it. */
  static accept(socket: WebSocket, connected: ConnectedEdges, options: ConnectionOptions): void {
    const connection = new EdgeConnection(socket, connected, options);
    socket.on('message', (data: Buffer, isBinary) =>
      connection.#onMessage(isBinary ? '' : data.toString('utf8')),
    );
    socket.on('close', () => void connection.#onClose());
    socket.on('error', () => socket.terminate());
  }

  private constructor(socket: WebSocket, connected: ConnectedEdges, options: ConnectionOptions) {
    this.#socket = socket;
    this.#connected = connected;
    this.#options = options;
    this.#silence = setTimeout(() => this.#onSilence(), helloDeadlineMs);
  }

  /** Has the edge join whoever listens here now; resolves when it has, when it is gone, and at once where it knows of no such thing. */
  async sendOn(): Promise<void> {
    if (!this.#canFollow) return;
    this.#send({ type: 'successor' });
    await this.#followed.promise;
  }

  #onMessage(text: string): void {
    const message = parseControlMessage(edgeMessageSchema, text);
    if (message === undefined) return this.#refuse(controlCloseCodes.protocol, 'not a control message');
    // We asked for it, so it is none too many; and nobody who waits for it waits for the store.
    if (isAnswer(message)) return this.#options.links.answer(message);
    if (++this.#waiting > messagesWaitingMax)
      return this.#refuse(controlCloseCodes.protocol, 'too many messages');
    this.#turn = this.#turn
      .then(() => this.#handle(message))
      .catch((error: unknown) => {
        // The directory did not answer: the edge gets no lease and judges by its own clock.
        this.#options.log.error('directory.failed', { error });
      })
      .finally(() => this.#waiting--);
  }

  async #handle(message: Exclude<EdgeMessage, EdgeAnswer>): Promise<void> {
    switch (message.type) {
      case 'hello':
        return await this.#onHello(message);
      case 'report':
        return await this.#onReport(message);
      case 'farewell':
        return await this.#onFarewell();
      case 'evacuate':
        return void this.#evacuate(message.deadlineMs);
      case 'journal':
        return void this.#takeRecords(message);
      case 'claim-seats':
        return void this.#claimSeats(message);
      case 'followed':
        return this.#followed.resolve();
      case 'stranded':
        if (this.#edge !== undefined) void this.#options.requests.giveBack(this.#edge, message.sessions);
    }
  }

  async #onHello(hello: EdgeHello): Promise<void> {
    const id = parseEdgeId(hello.edgeId);
    if (id === undefined || this.#edge !== undefined || hello.protocol !== controlProtocolVersion) {
      return this.#refuse(controlCloseCodes.protocol, 'bad hello');
    }
    if (hello.clusterHash !== this.#options.clusterHash) {
      return this.#refuse(
        controlCloseCodes.settings,
        'the cluster settings of this edge differ from the front door’s',
      );
    }
    const { edge, isPromised } = await this.#options.membership.join({ ...hello, id, kind: 'edge' });
    if (this.#socket.readyState !== this.#socket.OPEN) return await this.#follow(edge);
    this.#edge = edge;
    this.#bootId = hello.bootId;
    this.#canFollow = hello.follows === true;
    const older = this.#connected.get(id);
    this.#connected.set(id, this);
    if (older !== undefined) older.#makeWayFor(hello.bootId);
    this.#options.links.add(edge, this.#tell);
    this.#send({ type: 'welcome', incarnation: edge.incarnation, door: doorId, promised: isPromised });
    if (hello.seats === true) this.#options.requests.greet?.(edge, this.#tell);
    this.#watchSilence(helloDeadlineMs);
  }

  #makeWayFor(bootId: string): void {
    if (bootId === this.#bootId)
      this.#socket.close(controlCloseCodes.duplicate, 'a newer connection of this process');
    else this.#refuse(controlCloseCodes.superseded, 'a newer process of this edge id');
  }

  async #onReport(report: EdgeReport): Promise<void> {
    const edge = this.#edge;
    if (edge === undefined) return this.#refuse(controlCloseCodes.protocol, 'a report before hello');
    const standing = await this.#options.membership.report(edge, report);
    const isDraining = report.state === 'draining';
    this.#options.requests.onReport(edge, { isDraining, isFirst: !this.#hasReported });
    this.#hasReported = true;
    const { sequence } = report;
    if (standing === 'promised') this.#send({ type: 'promise', sequence });
    else this.#send({ type: 'lease', sequence, renewed: standing === 'renewed', ...this.#newRules() });
    this.#watchSilence(timing.suspectAfterMs);
  }

  /** Where this connection has not told them yet. */
  #newRules(): { rules?: PoolRules | undefined } {
    const rules = this.#options.requests.rules?.();
    return rules === this.#toldRules ? {} : { rules: (this.#toldRules = rules) };
  }

  async #onFarewell(): Promise<void> {
    if (this.#edge === undefined) return;
    await this.#options.membership.lose(this.#edge, 'farewell');
    // Not before: where the store does not take its word, its end has to be proved like any other.
    this.#saidFarewell = true;
    this.#send({ type: 'farewell-taken' });
  }

  async #evacuate(deadlineMs: number): Promise<void> {
    if (this.#edge === undefined) return;
    await this.#options.requests.evacuate(this.#edge, deadlineMs);
    this.#send({ type: 'evacuated' });
  }

  /** Beside the reports: the journal's store is none that they wait for. */
  async #takeRecords({ batch, records }: EdgeMessage & { type: 'journal' }): Promise<void> {
    if (this.#edge === undefined) return;
    const isStored = await this.#options.requests.takeRecords?.(this.#edge, records);
    if (isStored === true) this.#send({ type: 'journal-taken', batch });
  }

  /** Beside the reports: who comes anew waits for it, and nobody else. */
  async #claimSeats(claim: EdgeMessage & { type: 'claim-seats' }): Promise<void> {
    const answer = this.#edge && (await this.#options.requests.claimSeats?.(this.#edge, claim));
    if (answer !== undefined) this.#send(answer);
  }

  async #onClose(): Promise<void> {
    clearTimeout(this.#silence);
    this.#followed.resolve();
    const edge = this.#edge;
    if (edge === undefined || this.#connected.get(edge.id) !== this) return;
    this.#connected.delete(edge.id);
    this.#options.links.remove(edge, this.#tell);
    if (this.#saidFarewell) return;
    await this.#follow(edge);
  }

  /** Until it is back or over. */
  async #follow(edge: EdgeRef): Promise<void> {
    try {
      await this.#options.membership.followSilence(edge, () => this.#connected.has(edge.id));
    } catch (error) {
      this.#options.log.error('directory.failed', { error });
    }
  }

  #watchSilence(maxMs: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#onSilence(), maxMs);
  }

  /** A frozen process keeps its connection open: it is ended here, so that its silence is followed to the proof. */
  #onSilence(): void {
    if (this.#edge === undefined) return this.#refuse(controlCloseCodes.protocol, 'no hello in time');
    this.#socket.terminate();
  }

  #refuse(code: number, reason: string): void {
    this.#options.log.warn('edge.refused', { edge: this.#edge?.id, code, reason });
    this.#socket.close(code, reason);
  }

  #send(message: FrontDoorMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

function isAnswer(message: EdgeMessage): message is EdgeAnswer {
  return 'request' in message;
}
