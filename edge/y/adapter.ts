/**
 * y-websocket on an edge: one WebSocket per member and document at `/y/KEY/DOCUMENT`. Joins the sockets to
 * the documents; a document is loaded before its upgrade is answered, so that a refusal is plain HTTP.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import { AppError, errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
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
import type { OutletServer, OutletWebSocket } from '../outlet-server.ts';
import { refuseRequest } from '../refusal.ts';
import type { Seat } from '../seat-desk.ts';
import type { DocumentStore } from '../store/document-store.ts';
import { SenderPace } from '../core/sender-pace.ts';
import { DocumentKeeper } from './document-keeper.ts';
import { Documents } from './documents.ts';
import type { OpenedDocument } from './documents.ts';
import { heartbeatIntervalMs } from './limits.ts';
import { Member } from './member.ts';
import { documentPrefix, parseDocumentTarget } from './target.ts';
import { createWebSockets } from './websockets.ts';
import { takeFreely } from '../seat-desk.ts';
import { Seating } from './seating.ts';
import { Traffic } from '../traffic.ts';
import type { UpgradeOffer } from '../upgrade-offer.ts';

interface YOptions {
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly activity: KeyActivity;
  readonly hasCapacity: CapacityCheck;
  readonly takeSeat?: TakeSeat;
  readonly documents: DocumentStore;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Makes WebSockets of upgrades; that of `ws` unless a test has another. */
  readonly websockets?: Pick<OutletServer, 'handleUpgrade'>;
}

interface Connection {
  readonly ws: OutletWebSocket;
  readonly client: string;
  readonly seat: Seat;
}

type OpenDocument = Extract<OpenedDocument, { kind: 'open' }>;

const reportIntervalMs = 500;
const msPerDay = 86_400_000;

export function createYAdapter(options: YOptions): Adapter {
  return new YAdapter(options);
}

class YAdapter implements Adapter {
  readonly name = 'y';
  readonly #options: YOptions;
  readonly #traffic: Traffic;
  readonly #documents: Documents;
  readonly #keeper: DocumentKeeper;
  readonly #websockets: Pick<OutletServer, 'handleUpgrade'>;
  readonly #members = new Map<WebSocket, Member>();
  readonly #seating: Seating;
  #admitted = 0;
  readonly #beating: NodeJS.Timeout;
  readonly #reporting: NodeJS.Timeout;

  constructor(options: YOptions) {
    const { settings, log, metrics, documents, now } = options;
    this.#options = options;
    this.#traffic = new Traffic(metrics, 'y');
    this.#seating = new Seating(options.takeSeat ?? takeFreely, now);
    this.#documents = new Documents({
      store: documents,
      log,
      metrics,
      nowMs: now,
      hasCapacity: options.hasCapacity,
      pendingMaxBytes: settings.CT_MESSAGE_MAX_BYTES,
    });
    this.#keeper = new DocumentKeeper({
      store: documents,
      keepMs: settings.CT_DOCUMENT_KEEP_DAYS * msPerDay,
      held: () => this.#documents.held,
      log,
      metrics,
    });
    this.#websockets = options.websockets ?? createWebSockets(settings);
    this.#beating = setInterval(() => this.#beat(), heartbeatIntervalMs).unref();
    this.#reporting = setInterval(() => this.#traffic.report(), reportIntervalMs).unref();
  }

  claims(target: string): boolean {
    return target.startsWith(documentPrefix);
  }

  handleRequest(exchange: AdmittedExchange, request: IncomingMessage, response: ServerResponse): void {
    request.resume();
    // RFC 9110 section 15.5.22: the answer must name the protocol.
    response.setHeader('upgrade', 'websocket');
    this.#countRefusal('upgrade-refused');
    refuseRequest(response, 'upgrade-refused', exchange.exchangeId);
  }

  handleUpgrade(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): void {
    void this.#connect(exchange, request, offer);
  }

  dropSession(key: AffinityKey, code: ErrorCode): void {
    this.#documents.drop(key, code);
  }

  load(): AdapterLoad {
    const members = [...this.#members.values()];
    return {
      sessions: this.#documents.sessionCount,
      members: members.length,
      // They have no names: each is somebody.
      users: members.length,
      websockets: members.length,
      pollings: 0,
      outboxBytes: members.reduce((total, member) => total + member.waitingBytes, 0),
      ...this.#traffic.total,
    };
  }

  countSeats(): number {
    return this.#seating.count(this.#members.size);
  }

  listSessions(): readonly SessionSize[] {
    return this.#documents.list();
  }

  recall(): Promise<void> {
    return Promise.resolve();
  }

  describeMembers(key: AffinityKey): readonly MemberView[] | undefined {
    const nowMs = this.#options.now();
    const views = this.#membersOf(key).map((member) => member.describe(nowMs));
    return views.length === 0 ? undefined : views;
  }

  /** What has come is written first. Clients before y-websocket 3 come back by themselves. */
  async endSession(key: AffinityKey): Promise<void> {
    await this.#documents.rest(key);
    this.#documents.drop(key, 'session-ended');
  }

  removeMember(key: AffinityKey, id: string, isBanned: boolean): Promise<void> {
    if (isBanned) return Promise.reject(new AppError('ban-refused'));
    this.#membersOf(key)
      .find((member) => member.id === id)
      ?.close('member-removed');
    return Promise.resolve();
  }

  async bringToRest(key: AffinityKey): Promise<void> {
    await this.#documents.rest(key);
  }

  /** The next edge loads the documents from the store; what is not there, its members bring. */
  handOver(key: AffinityKey): Promise<undefined> {
    this.#documents.drop(key, 'edge-leaving');
    this.#seating.forget(key);
    return Promise.resolve(undefined);
  }

  prepareAdoption(): Adoption {
    throw new AppError('snapshot-refused');
  }

  async close(): Promise<void> {
    this.#keeper.close();
    clearInterval(this.#beating);
    clearInterval(this.#reporting);
    await this.#documents.close('edge-leaving');
    // A member that does not answer its close is cut after a grace, so this ends.
    await Promise.all([...this.#members.keys()].map(whenClosed));
    this.#traffic.report();
  }

  async #connect(exchange: AdmittedExchange, request: IncomingMessage, offer: UpgradeOffer): Promise<void> {
    const target = parseDocumentTarget(exchange.target);
    if (target === undefined) return this.#refuse(offer, 'not-found');
    if (target.key !== exchange.key) return this.#refuse(offer, 'key-conflict');
    if (request.headers.upgrade?.toLowerCase() !== 'websocket') {
      return this.#refuse(offer, 'upgrade-refused');
    }
    const opened = await this.#documents.open(exchange, target.document);
    if (opened.kind === 'refused') return this.#refuse(offer, opened.code);
    const seat = await this.#seating.take(exchange, opened.document.wasStored);
    const way = await offer.take();
    if (way === undefined) {
      opened.release();
      return this.#seating.release(seat);
    }
    let isUpgraded = false;
    this.#websockets.handleUpgrade(request, way.socket, way.head, (ws) => {
      isUpgraded = true;
      const client = request.headers['user-agent'] ?? 'unknown';
      this.#admit(exchange, opened, { ws, client, seat });
    });
    // ws answers a bad handshake itself and calls nobody back.
    if (!isUpgraded) opened.release();
    this.#seating.release(seat);
  }

  #admit(exchange: AdmittedExchange, opened: OpenDocument, connection: Connection): void {
    const { settings, log, metrics, activity, now } = this.#options;
    const { key, epoch, exchangeId } = exchange;
    const { document, enter, release } = opened;
    const { ws, seat } = connection;
    const member = new Member({
      id: `y-${++this.#admitted}`,
      key,
      document: document.name,
      ...connection,
      sendBufferMaxBytes: settings.CT_SEND_BUFFER_MAX_BYTES,
      pace: this.#openPace(),
      nowMs: now,
      onSlowed: (limit) => metrics.count('ct_edge_slowed_total', { adapter: 'y', limit }),
      traffic: this.#traffic,
      onCut: (code) => {
        this.#countRefusal(code);
        log.write(errorTable[code].level, 'member.cut', { adapter: 'y', exchange: exchangeId, code });
      },
    });
    this.#members.set(ws, member);
    this.#seating.enter(seat);
    activity.opened(key, epoch);
    const { client } = connection;
    const isFull = document.memberCount >= settings.CT_MEMBERS_MAX;
    const refusal = seat.kind === 'refused' ? seat.code : isFull ? 'session-full' : undefined;
    const audit = { key, client, detail: `document ${document.name}` };
    // Who is refused was never a member: clients come again every few seconds, and the journal would be full of them.
    if (refusal === undefined) {
      enter();
      log.debug('member.joined', { adapter: 'y', exchange: exchangeId, audit });
    }
    ws.once('close', (closeCode) => {
      this.#members.delete(ws);
      document.leave(member);
      release();
      activity.closed(key);
      this.#seating.leave(seat, key, closeCode);
      if (refusal === undefined)
        log.debug('member.left', { adapter: 'y', exchange: exchangeId, closeCode, audit });
    });
    if (refusal === undefined) document.join(member);
    else member.refuse(refusal);
  }

  #membersOf(key: AffinityKey): Member[] {
    return [...this.#members.values()].filter((member) => member.key === key);
  }

  #openPace(): SenderPace {
    const { settings, now } = this.#options;
    const messagesPerSecond = settings.CT_MEMBER_MESSAGES_PER_SECOND;
    return new SenderPace({ messagesPerSecond, bytesPerSecond: settings.CT_MEMBER_BYTES_PER_SECOND }, now());
  }

  #beat(): void {
    for (const member of this.#members.values()) member.beat();
  }

  #refuse(offer: UpgradeOffer, code: ErrorCode): void {
    this.#countRefusal(code);
    offer.refuse(code);
  }

  #countRefusal(code: ErrorCode): void {
    this.#options.metrics.count('ct_edge_refused_total', { code });
  }
}

async function whenClosed(ws: WebSocket): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  ws.once('close', () => resolve());
  await promise;
}
