/**
 * The control connection to one front door: hello, reports, leases, farewell; comes back by itself with a
 * growing, jittered pause. Knows nothing of what a report says or what a lease means.
 */
import { WebSocket } from 'ws';
import { controlCloseCodes, frontDoorMessageSchema, parseControlMessage } from '#shared/control-protocol.ts';
import type {
  EdgeHello,
  EdgeMessage,
  EdgeReport,
  FrontDoorMessage,
  FrontDoorOrder,
} from '#shared/control-protocol.ts';
import type { Incarnation } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { RulesOrder } from '#shared/pool-rules.ts';
import type { OpenControlSocket } from './control-socket.ts';
import type { ControlTarget } from './locator-names.ts';

export interface LinkOptions {
  readonly target: ControlTarget;
  readonly openSocket: OpenControlSocket;
  /** Asked at each connection: the boot id changes when an incarnation is over. */
  readonly hello: () => EdgeHello;
  readonly onConnected: (link: ControlLink) => void;
  /** `promisedAtMs`: where the front door took this edge at its word, and leaves our pins where they are, as in `onPromise`. */
  readonly onWelcome: (link: ControlLink, incarnation: Incarnation, promisedAtMs: number | undefined) => void;
  /** A connection has ended, or never came about. */
  readonly onClosed: (link: ControlLink) => void;
  /** The report of this sequence number was taken; `renewed` is false when the incarnation is over. */
  readonly onLease: (link: ControlLink, report: SentReport, renewed: boolean) => void;
  /** The front door could not ask the store about the report sent at `sentAtMs`, and leaves our pins where they are. */
  readonly onPromise: (link: ControlLink, sentAtMs: number) => void;
  /** A refused connection proves that no front door runs there. */
  readonly isLocal: boolean;
  /** At `atMs` or later nobody listened at the locator, where it is local. Told of each attempt to connect. */
  readonly onAbsent: (link: ControlLink, atMs: number) => void;
  readonly onOrder: (link: ControlLink, order: FrontDoorOrder | RulesOrder) => void;
  /** Another process is about to take the front door's place, and can be joined at the same address. */
  readonly onSuccessor: (link: ControlLink, target: ControlTarget) => void;
  /** Another process has this edge's id now. */
  readonly onSuperseded: () => void;
  readonly log: Log;
  readonly nowMs: () => number;
  /** 0 to 1. */
  readonly random: () => number;
}

export type ReportContent = Omit<EdgeReport, 'type' | 'sequence'>;

export interface SentReport {
  readonly sentAtMs: number;
  readonly content: ReportContent;
}

const pauseMinMs = 100;
/** Short: a front door that is added and not joined yet is one that promises nothing while the store is away. */
const pauseMaxMs = 500;
/** Until somebody has changed settings. */
const refusedPauseMs = 5_000;
/** Pause between two looks whether the front door of this host is back. */
const absentPauseMs = 200;
const farewellMaxMs = 1_000;
/** Reports, one a second, whose lease has not come; more of them means that nobody answers any more. */
const unansweredMax = 5;

export class ControlLink {
  readonly #options: LinkOptions;
  readonly #unanswered = new Map<number, SentReport>();
  #socket: WebSocket | undefined;
  #isWelcome = false;
  /** Why it is not connected, as was last logged. */
  #cause: string | undefined;
  #saidHelloAtMs = 0;
  #sequence = 0;
  #pauseMs = pauseMinMs;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** The front door has no such address any more: the connection is not sought again when it ends. */
  #isVanished = false;
  #door: string | undefined;
  #isParked = false;
  #onFarewell: (() => void) | undefined;
  #onEvacuated: ((isDone: boolean) => void) | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** True between the front door's welcome and the loss of the connection. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** The process that last said welcome. */
  get door(): string | undefined {
    return this.#door;
  }

  /** That process is reached by another link, whose connection is newer: this one waits until it is over. */
  get isParked(): boolean {
    return this.#isParked;
  }

  get isVanished(): boolean {
    return this.#isVanished;
  }

  /** Whether the name of the front door still has this address. */
  setVanished(isVanished: boolean): void {
    this.#isVanished = isVanished;
    if (isVanished && !this.#isWelcome) this.#socket?.terminate();
  }

  connect(): void {
    if (this.#isClosed) return;
    this.#isParked = false;
    const { target, openSocket } = this.#options;
    const { locator } = target;
    const socket = openSocket(target);
    this.#socket = socket;
    const startedAtMs = this.#options.nowMs();
    let cause: string | undefined;
    let absentSinceMs: number | undefined;
    socket.on('open', () => {
      this.#options.onConnected(this);
      this.#saidHelloAtMs = this.#options.nowMs();
      this.#send(this.#options.hello());
    });
    socket.on('message', (data: Buffer, isBinary) => this.#receive(isBinary ? '' : data.toString('utf8')));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      cause = error.message;
      if (error.code === 'ECONNREFUSED' && this.#options.isLocal && isLoopback(locator))
        absentSinceMs = startedAtMs;
    });
    socket.on('close', (code, reason) => {
      if (this.#socket !== socket) return;
      if (absentSinceMs === undefined) return this.#onClose(code, cause ?? reason.toString('utf8'));
      this.#pauseMs = absentPauseMs;
      this.#onClose(code, cause ?? '');
      this.#options.onAbsent(this, absentSinceMs);
    });
  }

  /** Sends a report where the front door has said welcome; its lease comes by `onLease`. */
  report(content: ReportContent): void {
    if (!this.#isWelcome) return;
    if (this.#unanswered.size >= unansweredMax) return this.#socket?.terminate();
    const sequence = ++this.#sequence;
    this.#unanswered.set(sequence, { sentAtMs: this.#options.nowMs(), content });
    this.#send({ type: 'report', sequence, ...content });
  }

  /** Says something else, where the front door has said welcome. */
  tell(message: EdgeMessage): void {
    if (this.#isWelcome) this.#send(message);
  }

  /** Has the front door move the sessions away; false when it is lost, or at the deadline. */
  async evacuate(deadlineMs: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const deadline = setTimeout(() => resolve(false), deadlineMs);
    this.#onEvacuated = resolve;
    // What is left of a time is seldom a whole number, which the protocol asks for.
    this.tell({ type: 'evacuate', deadlineMs: Math.round(deadlineMs) });
    const isDone = await promise;
    clearTimeout(deadline);
    return isDone;
  }

  /** Starts over with a new hello at once. */
  restart(): void {
    this.#pauseMs = pauseMinMs;
    this.#socket?.terminate();
  }

  /** Says goodbye and waits until the front door has let the pins go; resolves always, after a second at most. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    if (this.#isWelcome) {
      await new Promise<void>((resolve) => {
        const deadline = setTimeout(resolve, farewellMaxMs);
        this.#onFarewell = () => {
          clearTimeout(deadline);
          resolve();
        };
        this.#send({ type: 'farewell' });
      });
    }
    this.#socket?.terminate();
  }

  #receive(text: string): void {
    const message: FrontDoorMessage | undefined = parseControlMessage(frontDoorMessageSchema, text);
    // Not our protocol: the connection is of no use.
    if (message === undefined)
      return this.#socket?.close(controlCloseCodes.protocol, 'not a control message');
    switch (message.type) {
      case 'welcome':
        this.#isWelcome = true;
        this.#pauseMs = pauseMinMs;
        this.#cause = undefined;
        this.#door = message.door;
        this.#options.log.info('control.connected', { ...this.#options.target });
        return this.#options.onWelcome(
          this,
          message.incarnation as Incarnation,
          message.promised === true ? this.#saidHelloAtMs : undefined,
        );
      case 'lease': {
        if (message.rules !== undefined) this.#options.onOrder(this, { type: 'rules', rules: message.rules });
        const answered = this.#takeAnswered(message.sequence);
        return answered && this.#options.onLease(this, answered, message.renewed);
      }
      case 'promise': {
        const answered = this.#takeAnswered(message.sequence);
        return answered && this.#options.onPromise(this, answered.sentAtMs);
      }
      case 'farewell-taken':
        return this.#onFarewell?.();
      case 'successor':
        return this.#options.onSuccessor(this, this.#options.target);
      case 'evacuated':
        return this.#onEvacuated?.(true);
      default:
        return this.#options.onOrder(this, message);
    }
  }

  #takeAnswered(sequence: number): SentReport | undefined {
    const answered = this.#unanswered.get(sequence);
    this.#unanswered.delete(sequence);
    return answered;
  }

  #onClose(code: number, reason: string): void {
    this.#socket = undefined;
    this.#isWelcome = false;
    this.#unanswered.clear();
    this.#onFarewell?.();
    this.#onEvacuated?.(false);
    if (this.#isClosed) return;
    if (code === controlCloseCodes.superseded) return this.#options.onSuperseded();
    this.#isParked = code === controlCloseCodes.duplicate;
    if (!this.#isParked && !this.#isVanished) this.#retryLater(code, reason);
    this.#options.onClosed(this);
  }

  #retryLater(code: number, reason: string): void {
    const { log, target } = this.#options;
    const needsPerson = code === controlCloseCodes.settings || code === controlCloseCodes.protocol;
    const pauseMs = needsPerson ? refusedPauseMs : this.#pauseMs * (0.5 + this.#options.random());
    this.#pauseMs = Math.min(pauseMaxMs, this.#pauseMs * 2);
    // Two lines a second for as long as it takes would say no more than the first.
    const level = reason === this.#cause ? 'debug' : 'warn';
    this.#cause = reason;
    log.write(needsPerson ? 'error' : level, 'control.disconnected', {
      ...target,
      code,
      reason,
      pauseMs: Math.round(pauseMs),
    });
    this.#retry = setTimeout(() => this.connect(), pauseMs);
  }

  #send(message: EdgeMessage): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }
}

/** Only there is a refused connection the kernel's own word about who listens, and not that of a filter between. */
function isLoopback(locator: string): boolean {
  const { hostname } = new URL(locator);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
