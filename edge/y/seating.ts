/** Seats of members of y-websocket: newcomers take one, whoever comes back has one, and who is turned away holds none. */
import type { AffinityKey } from '#shared/ids.ts';
import type { AdmittedExchange, TakeSeat } from '../adapter.ts';
import { takeFreely } from '../seat-desk.ts';
import type { Seat } from '../seat-desk.ts';
import { ReturningSeats } from './returning-seats.ts';

export class Seating {
  readonly #takeSeat: TakeSeat;
  readonly #returning: ReturningSeats;
  /** Connections without a seat, which are about to be closed. */
  #turnedAway = 0;

  constructor(takeSeat: TakeSeat, nowMs: () => number) {
    this.#takeSeat = takeSeat;
    this.#returning = new ReturningSeats(nowMs);
  }

  /** A document that was stored may be one that its members have had open elsewhere. */
  async take(exchange: AdmittedExchange, wasStored: boolean): Promise<Seat> {
    return this.#returning.take(exchange, wasStored) ? await takeFreely() : await this.#takeSeat();
  }

  /** It shows among the members by now, or will never. */
  release(seat: Seat): void {
    if (seat.kind === 'taken') seat.release();
  }

  enter(seat: Seat): void {
    if (seat.kind === 'refused') this.#turnedAway++;
  }

  leave(seat: Seat, key: AffinityKey, closeCode: number): void {
    if (seat.kind === 'refused') this.#turnedAway--;
    else this.#returning.vacate(key, closeCode);
  }

  forget(key: AffinityKey): void {
    this.#returning.forget(key);
  }

  /** Of so many connections, and those that broke a moment ago. */
  count(connections: number): number {
    return connections - this.#turnedAway + this.#returning.count;
  }
}
