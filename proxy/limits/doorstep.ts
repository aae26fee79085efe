/**
 * Between the accept of a plain connection and its first request: who may come in does, with the address that counts; who may not
 * is told so.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { Introduction } from '../proxied/introduction.ts';
import type { Introduced } from '../proxied/introduction.ts';
import { keepBytes } from '../wire/byte-socket.ts';
import type { ByteSocket, SocketEars } from '../wire/byte-socket.ts';
import { Deadline } from '../wire/timer-wheel.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { Acceptor } from '../wire/transport.ts';
import type { Arrival, Arrivals } from './arrivals.ts';
import { EntryTurns } from './entry-turns.ts';
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

const nothing = Buffer.alloc(0);

export class Doorstep {
  readonly #options: DoorstepOptions;
  readonly #refusals: Refusals;
  readonly #turns: EntryTurns;
  /** Of which we wait to hear who they are, or which wait for their turn. */
  readonly #outside = new Set<ByteSocket>();

  constructor(options: DoorstepOptions) {
    this.#options = options;
    this.#turns = new EntryTurns(options.wheel);
    this.#refusals = new Refusals(options.wheel, () => options.arrivals.isFull);
  }

  readonly accept: Acceptor = (adopt) => {
    const socket = adopt(nobody);
    const arrival = this.#options.arrivals.greet(socket.address);
    if (typeof arrival === 'string') return this.#refusals.tell(socket, arrival);
    if (arrival.mustIntroduce) return this.#introduce(socket, arrival);
    const refused = arrival.admit();
    if (refused === undefined) this.#letIn(socket, arrival);
    else this.#turnAway(socket, arrival, refused);
  };

  /** Nobody comes any more: whoever waits for a turn comes in now. */
  letAllIn(): void {
    this.#turns.letAllIn();
  }

  /** Descriptors run out: whoever waits for a refusal has it now. */
  hurry(): void {
    this.#refusals.hurry();
  }

  /** Ends all that have not come in. */
  destroy(): void {
    for (const socket of this.#outside) socket.destroy();
    this.#outside.clear();
    this.#refusals.destroy();
  }

  #introduce(socket: ByteSocket, arrival: Arrival): void {
    const { wheel, introductionMaxMs } = this.#options;
    const introduction = new Introduction((introduced) => {
      wheel.remove(deadline);
      this.#outside.delete(socket);
      this.#onIntroduced(socket, arrival, introduced);
    });
    const deadline = new Deadline(() => introduction.onDue());
    this.#outside.add(socket);
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
    this.#letIn(socket, arrival, introduced.kind === 'client' ? introduced.rest : undefined);
  }

  /** `rest`: read already, behind what it said of itself. */
  #letIn(socket: ByteSocket, arrival: Arrival, rest: Buffer = nothing): void {
    if (arrival.waitMs === 0) return this.#hear(this.#enter(socket, arrival), rest);
    const kept = keepBytes(rest);
    socket.pause();
    this.#outside.add(socket);
    const takeBack = this.#turns.wait(arrival.waitMs, () => {
      this.#outside.delete(socket);
      const ears = this.#enter(socket, arrival);
      socket.resume();
      this.#hear(ears, kept);
    });
    const onClose = (): void => {
      takeBack();
      this.#outside.delete(socket);
      arrival.leave();
    };
    socket.hearWith({ ...nobody, onClose });
  }

  #hear(ears: SocketEars, rest: Buffer): void {
    if (rest.length > 0) ears.onBytes(rest);
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
