/**
 * Between the accept of a connection and its TLS handshake: who may come in does, with the address that counts. A header of the
 * PROXY protocol stands before the handshake. Who may not come in is cut off: to say why would take a handshake, which is
 * what a flood wants of us.
 */
import type { Socket } from 'node:net';
import { plainAddress } from '../core/client-address.ts';
import type { Arrival, Arrivals } from '../limits/arrivals.ts';
import { EntryTurns } from '../limits/entry-turns.ts';
import { LateWords } from '../limits/late-words.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import { Introduction } from './introduction.ts';
import type { Introduced } from './introduction.ts';

interface SecureDoorstepOptions {
  readonly arrivals: Arrivals;
  readonly wheel: TimerWheel;
  /** A header of the PROXY protocol is here by then. */
  readonly introductionMaxMs: number;
}

export class SecureDoorstep {
  readonly #options: SecureDoorstepOptions;
  readonly #turns: EntryTurns;
  readonly #words: LateWords;
  /** By the two ends of the connection: the socket above TLS is another object, and has the same ones. */
  readonly #arrivals = new Map<string, Arrival>();

  constructor(options: SecureDoorstepOptions) {
    this.#options = options;
    this.#turns = new EntryTurns(options.wheel);
    this.#words = new LateWords(options.wheel);
  }

  /** Nobody comes any more: whoever waits for a turn comes in now. */
  letAllIn(): void {
    this.#turns.letAllIn();
  }

  /** Descriptors run out: whoever waits to be cut off is so now. */
  hurry(): void {
    this.#words.hurry();
  }

  /** Calls `goOn` when the handshake may begin. */
  accept(socket: Socket, goOn: () => void): void {
    const arrival = this.#options.arrivals.greet(plainAddress(socket.remoteAddress));
    if (typeof arrival === 'string') return void socket.resetAndDestroy();
    // A reset before the handshake: `close` tells of it, too.
    socket.on('error', () => undefined);
    const ends = endsOf(socket);
    this.#arrivals.set(ends, arrival);
    socket.once('close', () => {
      arrival.leave();
      if (this.#arrivals.get(ends) === arrival) this.#arrivals.delete(ends);
    });
    if (arrival.mustIntroduce) this.#introduce(socket, arrival, goOn);
    else if (arrival.admit() === undefined) this.#letIn(socket, arrival, goOn);
    else this.#cutOff(socket, arrival);
  }

  /** Of a connection whose handshake is done. */
  arrivalOf(socket: Socket): Arrival | undefined {
    return this.#arrivals.get(endsOf(socket));
  }

  #introduce(socket: Socket, arrival: Arrival, goOn: () => void): void {
    const { wheel, introductionMaxMs } = this.#options;
    const introduction = new Introduction((introduced) => {
      wheel.remove(deadline);
      socket.off('data', onData).off('end', onEnd).off('close', onEnd);
      if (this.#mayEnter(socket, arrival, introduced)) this.#letIn(socket, arrival, goOn);
      else this.#cutOff(socket, arrival);
    });
    const deadline = new Deadline(() => introduction.onDue());
    wheel.set(deadline, introductionMaxMs);
    const onData = (bytes: Buffer): void => introduction.onBytes(bytes);
    const onEnd = (): void => introduction.onEnd();
    socket.on('data', onData).once('end', onEnd).once('close', onEnd);
  }

  #letIn(socket: Socket, { waitMs }: Arrival, goOn: () => void): void {
    if (waitMs === 0) return goOn();
    socket.pause();
    socket.once('close', this.#turns.wait(waitMs, goOn));
  }

  /** Late, where there are many: until then it counts as none of those that are here. */
  #cutOff(socket: Socket, arrival: Arrival): void {
    arrival.leave();
    const takeBack = this.#words.say(() => socket.resetAndDestroy());
    if (takeBack === undefined) socket.resetAndDestroy();
    else if (!socket.destroyed) socket.pause().once('close', takeBack);
  }

  #mayEnter(socket: Socket, arrival: Arrival, introduced: Introduced): boolean {
    if (introduced.kind === 'refused') arrival.refuse(introduced.code);
    if (introduced.kind !== 'client' || arrival.admit(introduced.client) !== undefined) return false;
    socket.pause();
    if (introduced.rest.length > 0) socket.unshift(introduced.rest);
    return true;
  }
}

function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
