/** What a supervised process says on its standard output, line by line: log lines pass, its line for people is ours to print. */
const readyLine = /^mooring (proxy|edge) ready/;
/** A line that has no end is not kept for ever. */
const lineMaxLength = 1_048_576;

export class LineRelay {
  readonly #pass: (line: string) => void;
  #rest = '';

  constructor(pass: (line: string) => void) {
    this.#pass = pass;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    for (const line of lines) this.#tell(line);
    if (this.#rest.length > lineMaxLength) this.end();
  }

  /** The process is gone: what it began to say is all there is. */
  end(): void {
    if (this.#rest !== '') this.#tell(this.#rest);
    this.#rest = '';
  }

  #tell(line: string): void {
    if (!readyLine.test(line)) this.#pass(`${line}\n`);
  }
}
