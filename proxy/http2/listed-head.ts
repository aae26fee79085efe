/** A request's head that is a list, for those who pass heads on as lines. */
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import type { HeadLines } from '../wire/head-lines.ts';

export class ListedHead implements HeadLines {
  readonly method: string;
  readonly #headers: HeaderList;

  constructor({ method, headers }: RequestHead) {
    this.method = method;
    this.#headers = headers;
  }

  headers(): HeaderList {
    return this.#headers;
  }

  linesWithout(dropped: readonly number[]): string {
    let lines = '';
    let next = 0;
    for (let i = 0; i < this.#headers.length; i += 2) {
      if (dropped[next] === i / 2) next++;
      else lines += `${this.#headers[i]!}: ${this.#headers[i + 1]!}\r\n`;
    }
    return lines;
  }
}
