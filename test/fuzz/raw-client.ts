/**
 * The client of one case: writes its bytes from its own address, reads the answers strictly, and ends as the
 * case says. Always comes to an end: a front door that says nothing until the deadline is a hang.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { readAnswer } from './answer-reader.ts';
import type { AnswerReading, ReadAnswer } from './answer-reader.ts';
import type { HttpCase } from './http-case.ts';
import type { StreamReading } from './request-reader.ts';

export interface ClientView {
  readonly answers: readonly ReadAnswer[];
  /** What stood behind the last whole answer; `nothing` where no byte did. */
  readonly rest: Exclude<AnswerReading, { kind: 'answer' }> | { readonly kind: 'nothing' };
  /** Who ended the connection, and `hang` where nobody did. */
  readonly end: 'closed' | 'left' | 'refused' | 'hang';
  readonly bytes: Buffer;
}

/** Above every deadline of the front door under test, and above what a busy machine adds. */
const hangMs = 20_000;

export async function playCase(
  port: number,
  item: HttpCase,
  meant: StreamReading,
  onHeard: () => void = () => undefined,
): Promise<ClientView> {
  const { promise, resolve } = Promise.withResolvers<ClientView['end']>();
  const socket = connect({
    host: '127.0.0.1',
    port,
    localAddress: item.address,
    allowHalfOpen: true,
    noDelay: true,
  });
  const answers = new AnswerStream(meant.requests.map(({ method }) => method));
  const deadline = setTimeout(() => resolve('hang'), hangMs);
  const leaveWhenServed = (): void => {
    if (answers.count < meant.requests.length) return;
    if (meant.tail.kind === 'nothing' || item.ending === 'leaves') resolve('left');
  };
  socket.on('data', (chunk) => {
    onHeard();
    answers.add(chunk);
    leaveWhenServed();
  });
  socket.on('end', () => resolve('closed'));
  socket.on('close', () => resolve('closed'));
  socket.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'ECONNREFUSED') resolve('refused');
  });
  socket.once('connect', () => {
    writeAll(socket, item.writes, () => {
      if (item.ending === 'half-closes') socket.end();
      leaveWhenServed();
    });
  });
  const end = await promise;
  clearTimeout(deadline);
  socket.destroy();
  return answers.conclude(end);
}

/** The answers to requests of known methods, as they come. */
class AnswerStream {
  readonly #methods: readonly string[];
  readonly #answers: ReadAnswer[] = [];
  #bytes: Buffer = Buffer.alloc(0);

  constructor(methods: readonly string[]) {
    this.#methods = methods;
  }

  get count(): number {
    return this.#answers.length;
  }

  add(chunk: Buffer): void {
    this.#bytes = Buffer.concat([this.#bytes, chunk]);
    this.#readOn(false);
  }

  conclude(end: ClientView['end']): ClientView {
    const rest = this.#readOn(end === 'closed');
    return { answers: this.#answers, rest, end, bytes: this.#bytes };
  }

  #readOn(hasEnded: boolean): ClientView['rest'] {
    for (;;) {
      const from = this.#answers.at(-1)?.end ?? 0;
      if (from >= this.#bytes.length) return { kind: 'nothing' };
      const reading = readAnswer(this.#bytes, from, this.#methods[this.count] ?? '', hasEnded);
      if (reading.kind !== 'answer') return reading;
      this.#answers.push(reading.answer);
    }
  }
}

/** Each write in a turn of its own, so that the reader sees the cuts. */
export function writeAll(socket: Socket, writes: readonly Buffer[], onWritten: () => void): void {
  const [first, ...rest] = writes;
  if (first === undefined || socket.destroyed) return onWritten();
  socket.write(first);
  if (rest.length === 0) return onWritten();
  setImmediate(() => writeAll(socket, rest, onWritten));
}
