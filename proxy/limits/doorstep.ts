/**
 * Between the accept of a plain connection and its first request: who may come in does, with the address that counts; who may not
 * is told so.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { Introduction } from '../proxied/introduction.ts';
import type { Introduced } from '../proxied/introduction.ts';
import type { ByteSocket, SocketEars } from '../wire/byte-socket.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { Acceptor } from '../wire/transport.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import { Refusals } from './refusals.ts';

interface DoorstepOptions {
  readonly arrivals: Arrivals;
  readonly wheel: TimerWheel;
  /** A header of the PROXY protocol is here by then. */
  readonly introductionMaxMs: number;
  /** Takes a connection in; `arrival` is to leave with it. */
  readonly enter: (adopt: Parameters<Acceptor>[0], arrival: Arrival) => SocketEars;
}

const nobody: SocketEars = {
  onBytes: () => undefined,
  onEnd: () => undefined,
  onDrain: () => undefined,
  onClose: () => undefined,
};

export class Doorstep {
  readonly #options: DoorstepOptions;
  readonly #refusals: Refusals;
  /** Of which we wait to hear who they are. */
  readonly #introducing = new Set<ByteSocket>();

  constructor(options: DoorstepOptions) {
    this.#options = options;
    this.#refusals = new Refusals(options.wheel, () => options.arrivals.isFull);
  }

  readonly accept: Acceptor = (adopt) => {
    const socket = adopt(nobody);
    const arrival = this.#options.arrivals.greet(socket.address);
    if (typeof arrival === 'string') return this.#refusals.tell(socket, arrival);
    if (arrival.mustIntroduce) return this.#introduce(socket, arrival);
    const refused = arrival.admit();
    if (refused === undefined) this.#enter(socket, arrival);
    else this.#turnAway(socket, arrival, refused);
  };

  /** Ends all that have not come in. */
  destroy(): void {
    for (const socket of this.#introducing) socket.destroy();
    this.#introducing.clear();
    this.#refusals.destroy();
  }

  #introduce(socket: ByteSocket, arrival: Arrival): void {
    const { wheel, introductionMaxMs } = this.#options;
    const introduction = new Introduction((introduced) => {
      wheel.remove(deadline);
      this.#introducing.delete(socket);
      this.#onIntroduced(socket, arrival, introduced);
    });
    const deadline = new Deadline(() => introduction.onDue());
    this.#introducing.add(socket);
    wheel.set(deadline, introductionMaxMs);
    socket.hearWith(introduction);
  }

  #onIntroduced(socket: ByteSocket, arrival: Arrival, introduced: Introduced): void {
    if (introduced.kind === 'left') {
      arrival.leave();
      return socket.destroy();
    }
    if (introduced.kind === 'refused') arrival.refuse(introduced.code);
    const refused = introduced.kind === 'refused' ? introduced.code : arrival.admit(introduced.client);
    if (refused !== undefined) return this.#turnAway(socket, arrival, refused);
    const ears = this.#enter(socket, arrival);
    if (introduced.kind === 'client' && introduced.rest.length > 0) ears.onBytes(introduced.rest);
  }

  #enter(socket: ByteSocket, arrival: Arrival): SocketEars {
    return this.#options.enter((ears) => {
      socket.hearWith(ears);
      return socket;
    }, arrival);
  }

  #turnAway(socket: ByteSocket, arrival: Arrival, code: ErrorCode): void {
    arrival.leave();
    this.#refusals.tell(socket, code);
  }
}
