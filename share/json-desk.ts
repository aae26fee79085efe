/** The desk of a program: each thing that happens is a line of JSON; answers to `guest.asked` come as lines of JSON too. */
import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import type { Applicant, News, Standing } from './core/news.ts';
import type { Desk } from './desk.ts';

const answerLine = z.object({ answer: z.string(), allow: z.boolean() });
/** Clients ask no longer than that. */
const answerMaxMs = 300_000;

export class JsonDesk implements Desk {
  readonly #output: Writable;
  readonly #waiting = new Map<string, (admits: boolean) => void>();
  #standing = '';

  constructor(input: Readable, output: Writable) {
    this.#output = output;
    const lines = createInterface({ input });
    lines.on('line', (line) => this.#take(line));
    // Whoever hears questions and has gone answers none.
    lines.once('close', () => {
      for (const answer of this.#waiting.values()) answer(false);
    });
  }

  tell(news: News): void {
    this.#output.write(`${JSON.stringify(news)}\n`);
  }

  show(standing: Standing): void {
    const line = JSON.stringify({ event: 'standing.changed', ...standing });
    if (line === this.#standing) return;
    this.#standing = line;
    this.#output.write(`${line}\n`);
  }

  async ask(applicant: Applicant): Promise<boolean> {
    const id = randomUUID();
    const answered = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => answered.resolve(false), answerMaxMs);
    this.#waiting.set(id, answered.resolve);
    this.tell({ event: 'guest.asked', id, ...applicant });
    try {
      return await answered.promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  #take(line: string): void {
    let given: unknown;
    try {
      given = JSON.parse(line);
    } catch {
      given = undefined;
    }
    const read = answerLine.safeParse(given);
    if (read.success) this.#waiting.get(read.data.answer)?.(read.data.allow);
    else
      this.tell({
        event: 'trouble.met',
        reason: 'a line of the input is no answer: {"answer":"ID","allow":true}',
      });
  }
}
