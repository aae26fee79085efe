/** The desk of a person: lines as things happen, a line at the bottom of what is true now, questions one at a time. */
import { createInterface } from 'node:readline';
import type { Interface } from 'node:readline';
import { fetchWords, nameOf, standingWords, wordsFor } from './core/news-words.ts';
import { invitation } from './core/invitation.ts';
import type { Applicant, FetchNews, News, Standing } from './core/news.ts';
import type { Desk } from './desk.ts';

interface Terminal {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
}

/** Clients ask no longer than that. */
const answerMaxMs = 300_000;
/** Where no line can be drawn anew, as in a log. */
const progressIntervalMs = 10_000;

export class TerminalDesk implements Desk {
  readonly #terminal: Terminal;
  readonly #showsCode: boolean;
  #standing = '';
  #progress: string | undefined;
  #progressAt = -Infinity;
  #asking: Promise<unknown> = Promise.resolve();
  #question: { text: string; readline: Interface } | undefined;

  constructor(terminal: Terminal, showsCode: boolean) {
    this.#terminal = terminal;
    this.#showsCode = showsCode;
  }

  tell(news: News): void {
    if (news.event === 'session.opened') {
      this.#print(invitation(news, this.#showsCode && this.#isLive));
      return;
    }
    if (news.event === 'folder.fetched') this.#showProgress(news);
    const words = wordsFor(news);
    if (words !== undefined) this.#print(words);
  }

  show(standing: Standing): void {
    const words = standingWords(standing);
    if (words === this.#standing) return;
    this.#standing = words;
    if (this.#isLive) this.#draw();
  }

  async ask(applicant: Applicant): Promise<boolean> {
    const turn = this.#asking.then(() => this.#ask(applicant));
    this.#asking = turn.catch(() => undefined);
    return await turn;
  }

  /** Leaves the terminal as it was found. */
  close(): void {
    this.#question?.readline.close();
    if (this.#isLive) this.#terminal.output.write(eraseLine);
  }

  get #isLive(): boolean {
    return this.#terminal.output.isTTY;
  }

  async #ask(applicant: Applicant): Promise<boolean> {
    this.#print(`${nameOf(applicant)} wants to join.`);
    const text = 'Let them in? [y/N] ';
    const { input, output } = this.#terminal;
    const readline = createInterface({ input, output, terminal: false });
    this.#question = { text, readline };
    this.#draw();
    const answered = Promise.withResolvers<string>();
    const timer = setTimeout(() => answered.resolve(''), answerMaxMs);
    readline.once('line', answered.resolve);
    readline.once('close', () => answered.resolve(''));
    const answer = await answered.promise;
    clearTimeout(timer);
    this.#question = undefined;
    readline.close();
    this.#draw();
    return /^y(es)?$/i.test(answer.trim());
  }

  #showProgress(news: FetchNews): void {
    this.#progress = news.isDone ? undefined : fetchWords(news);
    if (this.#isLive) return this.#draw();
    if (this.#progress === undefined || performance.now() - this.#progressAt < progressIntervalMs) return;
    this.#progressAt = performance.now();
    this.#print(this.#progress);
  }

  #print(words: string): void {
    this.#terminal.output.write(`${this.#isLive ? eraseLine : ''}${words}\n`);
    if (this.#isLive) this.#draw();
  }

  #draw(): void {
    if (!this.#isLive) return;
    const { output } = this.#terminal;
    const line = this.#question?.text ?? this.#progress ?? this.#standing;
    const width = Math.max(20, (output.columns || 80) - 1);
    output.write(`${eraseLine}${line.length > width ? `${line.slice(0, width - 1)}…` : line}`);
  }
}

const eraseLine = '\r\u001b[2K';
