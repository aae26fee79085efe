/**
 * This edge as a member of the fleet: its incarnation, its lease, its reports to every front door. Tells
 * `onLapsed` when the right to serve ends: the lease was not renewed in time, or the incarnation is over.
 */
import { controlProtocolVersion, reportKeysMax } from '#shared/control-protocol.ts';
import type { EdgeHello, EdgeMessage, EdgeReport, FrontDoorOrder } from '#shared/control-protocol.ts';
import { formatOwner } from '#shared/ids.ts';
import type { Incarnation } from '#shared/ids.ts';
import type { RulesOrder } from '#shared/pool-rules.ts';
import { timing } from '#shared/timing.ts';
import { ControlLinks } from './control-links.ts';
import { ControlLink } from './control-link.ts';
import type { ReportContent, SentReport } from './control-link.ts';
import { LeaseClock } from './core/lease-clock.ts';
import type { ControlTarget } from './locator-names.ts';
import type { MembershipOptions } from './membership-options.ts';
import { obeyOrder } from './obey-order.ts';

export class Membership {
  readonly #options: MembershipOptions;
  readonly #links: ControlLinks;
  readonly #lease = new LeaseClock(timing.selfFenceMs);
  /** From when on the front door of a link gives none of our pins away for a lease: it was absent, has renewed, or has promised so. */
  readonly #vouched = new Map<ControlLink, number>();
  /** Processes of front doors that had renewed or promised while the lease ran. */
  readonly #vouchers = new Map<ControlLink, string>();
  /** When the last report was sent for which the store renewed the lease. */
  #renewedAtMs = 0;
  readonly #firstLease = Promise.withResolvers<void>();
  /** The only front door has begun anew then: what it was about before is given up. */
  #goneSinceMs = -Infinity;
  #bootId: string;
  #incarnation: Incarnation | undefined;
  #isDraining = false;
  #isLeaving = false;
  #isServing = false;
  #state: EdgeReport['state'] = 'ready';
  #reporting: NodeJS.Timeout | undefined;
  #fence: NodeJS.Timeout | undefined;

  constructor(options: MembershipOptions) {
    this.#options = options;
    this.#bootId = options.newBootId();
    this.#links = new ControlLinks({
      locators: options.locators,
      resolve: options.resolveName,
      open: (target) => this.#linkTo(target),
      onLeft: (link) => this.#onLeft(link),
      log: options.log,
    });
  }

  /** Connects to every front door; resolves with the first lease, however long that takes. */
  async join(): Promise<void> {
    this.#reporting = setInterval(() => this.#reportAll(), timing.reportIntervalMs);
    this.#links.start();
    await this.#firstLease.promise;
  }

  #linkTo(target: ControlTarget): ControlLink {
    const { locatorsAreLocal: isLocal, openSocket, onSuperseded, log, nowMs, random } = this.#options;
    return new ControlLink({
      target,
      isLocal,
      openSocket,
      hello: () => this.#hello(),
      onConnected: (link) => this.#onConnected(link),
      onWelcome: (link, incarnation, promisedAtMs) => this.#onWelcome(link, incarnation, promisedAtMs),
      onClosed: () => this.#links.settle(),
      onLease: (link, report, renewed) => this.#onLease(link, report, renewed),
      onPromise: (link, sentAtMs) => {
        this.#onVouched(link, sentAtMs);
        this.#links.noteAnswered(link);
      },
      onAbsent: (link, atMs) => this.#onVouched(link, atMs),
      onOrder: (link, order) => this.#obey(link, order),
      onSuccessor: (link, target) => this.#links.succeed(link, target),
      onSuperseded,
      log,
      nowMs,
      random,
    });
  }

  /** `edge:incarnation`, undefined before the first welcome. */
  get owner(): string | undefined {
    return this.#incarnation === undefined ? undefined : formatOwner(this.#options.id, this.#incarnation);
  }

  get incarnation(): Incarnation | undefined {
    return this.#incarnation;
  }

  /** Whether the lease is running; asked before each exchange. */
  get mayServe(): boolean {
    return this.#lease.isValid(this.#options.nowMs());
  }

  /** Connections to front doors that are up. */
  get linksUp(): number {
    return this.#links.all.filter((link) => link.isWelcome).length;
  }

  tellOne(message: EdgeMessage, turn: number): boolean {
    return this.#links.tellOne(message, turn);
  }

  /** While an edge drains it gets no new keys; the front doors hear it at once. */
  setDraining(isDraining: boolean): void {
    this.#isDraining = isDraining;
    this.#reportAll();
  }

  /** As while it drains, and no order changes that any more: the process is about to end. */
  retire(): void {
    this.#isLeaving = true;
    this.#reportAll();
  }

  /** Has the sessions moved to other edges; resolves when none is left that can, or at the deadline. */
  async evacuate(deadlineMs: number): Promise<void> {
    const endMs = this.#options.nowMs() + deadlineMs;
    // Where the front door that conducts is lost, the next one goes on.
    for (const link of this.#links.all) {
      const leftMs = endMs - this.#options.nowMs();
      if (leftMs <= 0) return;
      if (link.isWelcome && (await link.evacuate(leftMs))) return;
    }
  }

  /** Gives the pins back and leaves; to be called when every session is closed. */
  async leave(): Promise<void> {
    clearInterval(this.#reporting);
    clearTimeout(this.#fence);
    await this.#links.close();
  }

  /** A change of state is reported at once instead of with the next interval. */
  noteSessions(): void {
    if (this.#currentState() !== this.#state) this.#reportAll();
  }

  #hello(): EdgeHello {
    const { id, identity } = this.#options;
    const self = { edgeId: id, bootId: this.#bootId, incarnation: this.#incarnation, follows: true };
    return { type: 'hello', protocol: controlProtocolVersion, ...self, ...identity };
  }

  #onWelcome(link: ControlLink, incarnation: Incarnation, promisedAtMs: number | undefined): void {
    this.#incarnation = incarnation;
    if (promisedAtMs !== undefined) this.#onVouched(link, promisedAtMs);
    this.#links.settle();
    // Whoever conducted a move here did so over the connection before.
    if (this.#links.all.length === 1) this.#goneSinceMs = this.#options.nowMs();
    this.#reportAll();
  }

  #onConnected(link: ControlLink): void {
    this.#vouched.delete(link);
    this.#options.orders.seats.forget(link);
  }

  #reportAll(): void {
    this.#options.orders.seats.settle();
    const content = this.#compose();
    const sessions = this.#options.orders.stranded(this.#goneSinceMs);
    for (const link of this.#links.all) {
      link.report(content);
      if (sessions.length > 0) link.tell({ type: 'stranded', sessions: [...sessions] });
    }
  }

  #obey(link: ControlLink, order: FrontDoorOrder | RulesOrder): void {
    const { orders, registry, nowMs } = this.#options;
    const heardAtMs = this.#vouchedByAllAtMs();
    const now = { ms: nowMs(), isServing: this.mayServe, renewedAtMs: this.#renewedAtMs, heardAtMs };
    obeyOrder(link, order, { orders, registry, now, setDraining: (on) => this.setDraining(on) });
  }

  #compose(): ReportContent {
    const { registry, sampleLoad, nowMs } = this.#options;
    const now = nowMs();
    registry.sweep(now);
    this.#state = this.#currentState();
    return {
      state: this.#state,
      load: sampleLoad(),
      lastEpoch: registry.lastEpoch,
      ...registry.marks(now, reportKeysMax),
    };
  }

  #currentState(): EdgeReport['state'] {
    if (this.#isDraining || this.#isLeaving) return 'draining';
    return this.#options.isFull() ? 'full' : 'ready';
  }

  #onLease(link: ControlLink, { sentAtMs, content }: SentReport, renewed: boolean): void {
    if (!renewed) return this.#startOver();
    this.#vouched.set(link, sentAtMs);
    this.#renewedAtMs = Math.max(this.#renewedAtMs, sentAtMs);
    this.#lease.renew(sentAtMs);
    this.#links.noteAnswered(link);
    if (link.door !== undefined) this.#vouchers.set(link, link.door);
    this.#options.registry.confirm(content);
    this.#isServing = true;
    this.#firstLease.resolve();
    this.#watchLease();
  }

  /** While every front door is absent or has promised to leave our pins, it serves on; one that says nothing may reach the store. */
  #onVouched(link: ControlLink, atMs: number): void {
    this.#vouched.set(link, Math.max(atMs, this.#vouched.get(link) ?? -Infinity));
    const allAtMs = this.#vouchedByAllAtMs();
    if (allAtMs === -Infinity) return;
    if (!this.mayServe) return this.#regain(allAtMs);
    this.#lease.extend(allAtMs, this.#options.nowMs());
    if (link.door !== undefined) this.#vouchers.set(link, link.door);
  }

  /** Lapsed, and every front door promises to leave our pins: good of the processes of before, for one that saw us over says so. */
  #regain(allAtMs: number): void {
    const isOld = (link: ControlLink): boolean => link.isWelcome && this.#vouchers.get(link) === link.door;
    if (![...(this.#links.judges ?? []), ...this.#vouchers.keys()].every(isOld)) return;
    this.#lapse('not renewed in time');
    this.#lease.renew(allAtMs);
    if (!this.mayServe) return;
    this.#isServing = true;
    this.#options.log.warn('lease.regained', { incarnation: this.#incarnation });
    this.#watchLease();
  }

  /** One that left after the lease lapsed may have given pins away before. */
  #onLeft(link: ControlLink): void {
    this.#vouched.delete(link);
    if (this.mayServe) this.#vouchers.delete(link);
    // Whoever is left conducts nothing that this one had begun.
    if (this.#links.all.length === 1) this.#goneSinceMs = this.#options.nowMs();
  }

  /** -Infinity while one of those that might judge has said nothing. */
  #vouchedByAllAtMs(): number {
    const times = this.#links.judges?.map((judge) => this.#vouched.get(judge) ?? -Infinity) ?? [];
    return times.length === 0 ? -Infinity : Math.min(...times);
  }

  /** The timer is only a wake-up: what decides is the clock, also after the process was frozen. */
  #watchLease(): void {
    clearTimeout(this.#fence);
    const leftMs = Math.max(0, this.#lease.leftMs(this.#options.nowMs()));
    this.#fence = setTimeout(() => {
      if (this.mayServe) this.#watchLease();
      else this.#lapse('not renewed in time');
    }, leftMs);
  }

  /** Another boot or a proof of death has ended this incarnation: the next one begins as after a restart. */
  #startOver(): void {
    this.#lease.end();
    this.#vouchers.clear();
    this.#lapse('the incarnation is over');
    this.#incarnation = undefined;
    this.#bootId = this.#options.newBootId();
    for (const link of this.#links.all) link.restart();
  }

  #lapse(cause: string): void {
    clearTimeout(this.#fence);
    if (!this.#isServing) return;
    this.#isServing = false;
    this.#options.log.warn('lease.lapsed', { incarnation: this.#incarnation, cause });
    this.#options.onLapsed();
  }
}
