/**
 * The line to an edge on the same machine, and the connections that were given over it. Until the edge says that it took
 * one, it can be had back; from then on a descriptor is kept, which is what cuts the clients of an edge that hangs.
 */
import { HandoffReader, encodeHandoff, handoffMessageMaxBytes } from '#shared/handoff-frames.ts';
import type { HandoffMessage } from '#shared/handoff-frames.ts';
import type { HandoffOffer } from '#shared/handoff-offer.ts';
import { readAheadMaxBytes } from './bounds.ts';
import type { ByteSocket, ConnectingEars, HeldDescriptor } from './byte-socket.ts';
import type { ClientConnection } from './client-connection.ts';
import { parseOrigin } from './origin.ts';
import { Deadline } from './timer-wheel.ts';
import type { TimerWheel } from './timer-wheel.ts';
import type { Transport } from './transport.ts';
import type { OpenTunnel, TellEnd } from './tunnel-end.ts';
import type { TunnelTotals } from './wire.ts';

/** What became of a connection that was to be given away. */
export type GiveDecision =
  | { readonly kind: 'taken'; readonly tunnel: HandedTunnel }
  /** It is ours as before. */
  | { readonly kind: 'untaken'; readonly reason: 'line-full' | 'line-lost' | 'unclaimed' | 'unfit' }
  /** The edge has a descriptor and says nothing: the connection was cut, for both could speak on it. */
  | { readonly kind: 'cut' };

interface Giving {
  readonly client: ClientConnection;
  readonly exchangeId: string;
  readonly fields: string;
  readonly idleMs: number;
  readonly onDecided: (decision: GiveDecision) => void;
}

interface LineOptions {
  readonly offer: HandoffOffer;
  readonly transport: Transport;
  readonly wheel: TimerWheel;
}

/** The edge answers at once, unless it hangs. */
const takenMaxMs = 5_000;
/** Connections that wait for room on the line; more are carried by the front door. */
const waitingMax = 1_024;

export class HandoffLine implements ConnectingEars {
  readonly offer: HandoffOffer;
  readonly #wheel: TimerWheel;
  readonly #socket: ByteSocket;
  readonly #reader = new HandoffReader();
  readonly #handed = new Map<number, Handed>();
  readonly #waiting = new Set<Handed>();
  #number = 0;
  #isWelcome = false;
  #isOver = false;

  constructor({ offer, transport, wheel }: LineOptions) {
    this.offer = offer;
    this.#wheel = wheel;
    const origin = parseOrigin(`unix:${offer.path}`);
    this.#socket = transport.connect(origin, this, true);
  }

  /** Whether connections can be given over it now. */
  get isOpen(): boolean {
    return this.#isWelcome && !this.#isOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** `onDecided` is called once, perhaps before this returns. The returned function takes it back if that is possible. */
  give(giving: Giving): () => void {
    const handed = new Handed(++this.#number, giving, (over) => this.#forget(over));
    if (!this.isOpen) handed.decide({ kind: 'untaken', reason: 'line-lost' });
    else if (handed.messageBytes > handoffMessageMaxBytes - readAheadMaxBytes)
      handed.decide({ kind: 'untaken', reason: 'unfit' });
    else if (this.#waiting.size >= waitingMax) handed.decide({ kind: 'untaken', reason: 'line-full' });
    else {
      this.#handed.set(handed.number, handed);
      this.#wheel.set(handed.deadline, takenMaxMs);
      if (this.#waiting.size > 0 || !handed.sendOver(this.#socket)) this.#waiting.add(handed);
    }
    return () => handed.withdraw();
  }

  /** Gives up: what was not taken is decided, what was taken goes on without us. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    for (const handed of this.#handed.values()) handed.onLineLost();
  }

  onReady(): void {
    this.#socket.write(encodeHandoff({ kind: 'greeting', secret: this.offer.secret }));
  }

  onBytes(bytes: Buffer): void {
    for (const message of this.#reader.read(bytes)) {
      if (message === undefined) return this.close();
      this.#hear(message);
    }
  }

  onEnd(): void {
    this.close();
  }

  onDrain(): void {
    for (const handed of this.#waiting) {
      if (!handed.sendOver(this.#socket)) return;
      this.#waiting.delete(handed);
    }
  }

  onClose(): void {
    this.close();
  }

  #hear(message: HandoffMessage): void {
    switch (message.kind) {
      case 'welcome':
        this.#isWelcome = true;
        return;
      case 'taken':
        return this.#handed.get(message.number)?.onTaken();
      case 'unclaimed':
        return this.#handed.get(message.number)?.decide({ kind: 'untaken', reason: 'unclaimed' });
      case 'ended':
        return this.#handed
          .get(message.number)
          ?.onEnded({ up: message.up, down: message.down, status: message.status });
      case 'greeting':
      case 'give':
        // Ours to say.
        return this.close();
    }
  }

  #forget(handed: Handed): void {
    this.#handed.delete(handed.number);
    this.#waiting.delete(handed);
    this.#wheel.remove(handed.deadline);
  }
}

/** A connection that its edge has; `watch` names who hears of its end. */
export interface HandedTunnel extends OpenTunnel {
  watch(tellEnd: TellEnd): void;
}

const unknownBytes = { up: 0, down: 0, isLeft: true } as const;

class Handed implements HandedTunnel {
  readonly number: number;
  readonly deadline = new Deadline(() => this.#onDue());
  readonly #onOver: (handed: Handed) => void;
  #giving: Giving | undefined;
  #message: Buffer | undefined;
  #isGiven = false;
  #held: HeldDescriptor | undefined;
  #totals: TunnelTotals | undefined;
  #tellEnd: TellEnd | undefined;

  constructor(number: number, giving: Giving, onOver: (handed: Handed) => void) {
    const { exchangeId, fields, idleMs, client } = giving;
    this.number = number;
    this.#onOver = onOver;
    this.#giving = giving;
    const { early } = client.lend();
    this.#message = encodeHandoff({ kind: 'give', number, idleMs, exchangeId, fields, early });
  }

  get messageBytes(): number {
    return this.#message?.length ?? 0;
  }

  /** False where the line has no room now. */
  sendOver(line: ByteSocket): boolean {
    if (this.#giving === undefined || this.#message === undefined) return true;
    const outcome = this.#giving.client.lend().socket.giveTo(line, this.#message);
    if (outcome === 'full') return false;
    if (outcome === 'unfit') this.decide({ kind: 'untaken', reason: 'unfit' });
    else this.#isGiven = true;
    this.#message = undefined;
    return true;
  }

  onTaken(): void {
    const client = this.#giving?.client;
    if (client === undefined) return;
    this.#held = client.letGo();
    const { onDecided } = this.#giving!;
    // What is kept for hours is a number, a descriptor, and who hears of the end.
    this.#giving = undefined;
    this.deadline.dueMs = Infinity;
    onDecided({ kind: 'taken', tunnel: this });
  }

  onEnded(totals: TunnelTotals): void {
    if (this.#giving !== undefined) return;
    this.#held?.close();
    this.#finish(totals);
  }

  /** The edge is over, or has had enough of the line: the kernel closes what it had. */
  onLineLost(): void {
    if (this.#giving !== undefined) return this.decide({ kind: 'untaken', reason: 'line-lost' });
    this.#held?.close();
    this.#finish(unknownBytes);
  }

  /** The client has left: what is on the line already comes back or is taken. */
  withdraw(): void {
    if (!this.#isGiven) this.decide({ kind: 'untaken', reason: 'unfit' });
  }

  decide(decision: GiveDecision): void {
    const giving = this.#giving;
    if (giving === undefined) return;
    this.#giving = undefined;
    this.#message = undefined;
    this.#onOver(this);
    if (decision.kind === 'untaken') giving.client.takeBack();
    giving.onDecided(decision);
  }

  watch(tellEnd: TellEnd): void {
    this.#tellEnd = tellEnd;
    if (this.#totals !== undefined) this.#finish(this.#totals);
  }

  close(): void {
    this.#held?.cut();
    this.#finish(unknownBytes);
  }

  part(): void {
    // Its edge has it.
  }

  leave(): void {
    this.#held?.close();
    this.#finish(unknownBytes);
  }

  #onDue(): void {
    if (!this.#isGiven) return this.decide({ kind: 'untaken', reason: 'line-full' });
    this.#giving?.client.letGo()?.cut();
    this.decide({ kind: 'cut' });
  }

  #finish(totals: TunnelTotals): void {
    this.#held = undefined;
    this.#totals = totals;
    this.#onOver(this);
    const tell = this.#tellEnd;
    if (tell === undefined) return;
    this.#tellEnd = undefined;
    queueMicrotask(() => tell({ bytes: totals, endedBy: 'unknown', error: undefined }));
  }
}
