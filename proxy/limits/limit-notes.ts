/** Tells of refusals by limits: each is counted, and the log has a line for each code now and then, with how many there were. */
import type { ErrorCode } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Penalty } from '../core/flood-penalty.ts';

const intervalMs = 10_000;

interface Pending {
  refused: number;
  client: string;
}

export class LimitNotes {
  readonly #log: Log;
  /** By code: refusals since the last line. */
  readonly #pending = new Map<ErrorCode, Pending>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** `client` is an address, of which the line tells the last one. */
  note(code: ErrorCode, client: string): void {
    const pending = this.#pending.get(code);
    if (pending !== undefined) {
      pending.refused++;
      pending.client = client;
      return;
    }
    this.#write(code, { refused: 1, client });
    this.#pending.set(code, { refused: 0, client });
    setTimeout(() => this.#flush(code), intervalMs).unref();
  }

  /** One line for each round of an address, which has less than one in a second. */
  notePenalty(client: string, flood: string, { rounds, refusedMs }: Penalty): void {
    this.#log.warn('client.penalized', { client, flood, rounds, refusedMs });
  }

  #flush(code: ErrorCode): void {
    const pending = this.#pending.get(code)!;
    this.#pending.delete(code);
    if (pending.refused > 0) this.#write(code, pending);
  }

  #write(code: ErrorCode, { refused, client }: Pending): void {
    this.#log.warn('clients.refused', { code, refused, client });
  }
}
