/** Seats of members of y-websocket: newcomers take one, whoever comes back has one, and who is turned away holds none. */
import type { AffinityKey } from '#shared/ids.ts';
import type { AdmittedExchange, TakeSeat } from '../adapter.ts';
import type { Seat } from '../seat-desk.ts';
import { ReturningSeats } from './returning-seats.ts';

/** The peer has said no goodbye: RFC 6455 section 7.1.5. */
const brokenCode = 1006;

export class Seating {
  readonly #takeSeat: TakeSeat;
  readonly #returning: ReturningSeats;
  /** Connections without a seat, which are about to be closed. */
  #turnedAway = 0;
  /** Seats of those who come back and do not show among the members yet; those that were kept with their session. */
  readonly #arriving = new Map<Seat, AffinityKey | undefined>();

  constructor(takeSeat: TakeSeat, nowMs: () => number) {
    this.#takeSeat = takeSeat;
    this.#returning = new ReturningSeats(nowMs);
  }

  /** A document that was stored may be one that its members have had open elsewhere. */
  async take(exchange: AdmittedExchange, wasStored: boolean): Promise<Seat> {
    const found = this.#returning.take(exchange, wasStored);
    if (found === undefined) return await this.#takeSeat();
    const seat: Seat = { kind: 'taken', release: () => undefined };
    this.#arriving.set(seat, found === 'kept' ? exchange.key : undefined);
    return seat;
  }

  /** It shows among the members by now, or will never: then what was kept is kept on. */
  release(seat: Seat): void {
    const key = this.#arriving.get(seat);
    if (this.#arriving.delete(seat) && key !== undefined) this.#returning.vacate(key);
    if (seat.kind === 'taken') seat.release();
  }

  /** Its connection counts from now on. */
  enter(seat: Seat): void {
    this.#arriving.delete(seat);
    if (seat.kind === 'refused') this.#turnedAway++;
  }

  leave(seat: Seat, key: AffinityKey, closeCode: number): void {
    if (seat.kind === 'refused') this.#turnedAway--;
    else if (closeCode === brokenCode) this.#returning.vacate(key);
  }

  forget(key: AffinityKey): void {
    this.#returning.forget(key);
  }

  /** Of so many connections, and those that broke a moment ago or are about to be back. */
  count(connections: number): number {
    return connections - this.#turnedAway + this.#returning.count + this.#arriving.size;
  }
}
