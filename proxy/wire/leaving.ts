/** What every wire has to know of its client: whether it has left, and why; who works for it hears of it by a signal. */
import { AppError } from '#shared/errors.ts';

/** One for all: there is nothing more to say of it, and to note where it was made would be much of what a client that leaves costs. */
export const clientLeft = new AppError('client-left');

export class Leaving {
  #reason: AppError | undefined;
  #controller: AbortController | undefined;

  /** Why the client has left; undefined while it is there. */
  get left(): AppError | undefined {
    return this.#reason;
  }

  get hasLeft(): boolean {
    return this.#reason !== undefined;
  }

  /** Made when somebody asks for it: most exchanges need none. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.hasLeft) this.#controller.abort();
    return this.#controller.signal;
  }

  protected noteLeft(reason: AppError): void {
    this.#reason = reason;
    this.#controller?.abort();
  }
}
