/**
 * Ids of exchanges, in the form of UUIDs of version 8 (RFC 9562 section 5.8): random for the process, then counted. A random
 * one for each exchange costs as much as reading its head. They name log lines and are no secret.
 */
import { randomBytes } from 'node:crypto';

const blockSize = 4_096;
const lastDigits = Array.from({ length: blockSize }, (_, number) => number.toString(16).padStart(3, '0'));

export class ExchangeIds {
  readonly #prefix: string;
  #block = '';
  #blocks = 0;
  #used = blockSize;

  constructor() {
    const random = randomBytes(9).toString('hex');
    const [time, middle] = [random.slice(0, 8), random.slice(8, 12)];
    this.#prefix = `${time}-${middle}-8${random.slice(12, 15)}-8${random.slice(15, 18)}-`;
  }

  next(): string {
    if (this.#used === blockSize) {
      this.#used = 0;
      this.#block = this.#prefix + (this.#blocks++).toString(16).padStart(9, '0');
    }
    return this.#block + lastDigits[this.#used++]!;
  }
}
