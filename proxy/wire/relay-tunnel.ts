/**
 * A tunnel whose bytes never come to JavaScript: the transport moves them, half-closes and back-pressure included. Here are
 * its deadlines, its counts and its end.
 */
import type { Relay, RelayEars } from './byte-socket.ts';
import type { HandedSocket } from './handed-socket.ts';
import { Deadline } from './timer-wheel.ts';
import { halfCloseMaxMs } from './tunnel-end.ts';
import type { OpenTunnel, TellEnd, TunnelEnd, TunnelOptions } from './tunnel-end.ts';

/** Silence is noticed late by this part of the idle time, at most. */
const looksPerIdleTime = 8;
/** The last word of one side is noticed this late, at most. */
const lookEveryMaxMs = 10_000;

/** One for all: the counts are read and used at once. */
const counts = new Float64Array(3);

export class RelayTunnel implements RelayEars, OpenTunnel {
  readonly #options: TunnelOptions;
  readonly #tellEnd: TellEnd;
  #isOver = false;
  readonly #deadline = new Deadline(() => this.#look());
  /** Bytes that came before the two were joined. */
  #earlyUp = 0;
  #earlyDown = 0;
  #relay: Relay | undefined;
  #seenBytes = -1;
  #silentMs = 0;
  #endedBy: 'client' | 'upstream' | undefined;

  /** Undefined where the transport of the two cannot do it; then nothing has happened. */
  static open(
    client: HandedSocket,
    upstream: HandedSocket,
    options: TunnelOptions,
    tellEnd: TellEnd,
  ): RelayTunnel | undefined {
    if (client.hasEnded || upstream.hasEnded || client.isClosed || upstream.isClosed) return undefined;
    const tunnel = new RelayTunnel(options, tellEnd);
    const relay = client.socket.relayWith(upstream.socket, tunnel);
    if (relay === undefined) return undefined;
    tunnel.#start(relay, client, upstream);
    return tunnel;
  }

  private constructor(options: TunnelOptions, tellEnd: TellEnd) {
    this.#options = options;
    this.#tellEnd = tellEnd;
  }

  #start(relay: Relay, client: HandedSocket, upstream: HandedSocket): void {
    this.#relay = relay;
    // The transport reads nothing of the two before this turn is over: these bytes are still the first.
    this.#earlyUp = client.early.length;
    this.#earlyDown = upstream.early.length;
    if (this.#earlyUp > 0) upstream.socket.write(client.early);
    if (this.#earlyDown > 0) client.socket.write(upstream.early);
    this.#look();
  }

  leave(): void {
    // Its bytes come through here: it has until the process ends.
  }

  close(): void {
    this.#giveUp('front-door');
  }

  part(): void {
    // Nothing can be said between bytes that the transport moves.
    this.close();
  }

  onPassedOn(by: 'first' | 'second', bytes: number): void {
    if (by === 'first') this.#earlyUp += bytes;
    else this.#earlyDown += bytes;
  }

  onEnd(by: 'first' | 'second', error: Error | undefined): void {
    this.#finish(by === 'first' ? 'client' : 'upstream', error);
  }

  #look(): void {
    // One side has said its last word, and the other one has had its time.
    if (this.#endedBy !== undefined) return this.#giveUp(this.#endedBy);
    this.#relay!.readBytes(counts);
    const ended = counts[2]!;
    if (ended !== 0) {
      this.#endedBy = ended === 2 ? 'upstream' : 'client';
      return this.#options.wheel.set(this.#deadline, halfCloseMaxMs);
    }
    const { idleMs, wheel } = this.#options;
    const lookMs = Math.min(idleMs / looksPerIdleTime, lookEveryMaxMs);
    const bytes = counts[0]! + counts[1]!;
    this.#silentMs = bytes === this.#seenBytes ? this.#silentMs + lookMs : 0;
    this.#seenBytes = bytes;
    if (this.#silentMs >= idleMs) return this.#giveUp('idle');
    wheel.set(this.#deadline, lookMs);
  }

  #giveUp(endedBy: TunnelEnd['endedBy']): void {
    this.#finish(endedBy, undefined);
    this.#relay!.close();
  }

  #finish(endedBy: TunnelEnd['endedBy'], error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#options.wheel.remove(this.#deadline);
    this.#relay!.readBytes(counts);
    const bytes = { up: this.#earlyUp + counts[0]!, down: this.#earlyDown + counts[1]! };
    this.#tellEnd({ bytes, endedBy, error });
  }
}
