/** Hears a proxy say who its client is, in the first bytes of a connection: bounded, in time, and not a byte of what follows. */
import type { ErrorCode } from '#shared/errors.ts';
import { keepBytes } from '../wire/byte-socket.ts';
import type { SocketEars } from '../wire/byte-socket.ts';
import { readProxyHeader } from './proxy-header.ts';
import type { ProxiedClient } from './proxy-header.ts';

export type Introduced =
  | { readonly kind: 'client'; readonly client: ProxiedClient; readonly rest: Buffer }
  | { readonly kind: 'refused'; readonly code: ErrorCode }
  | { readonly kind: 'left' };

/** Tells once what came of it. The owner of the socket sees to the deadline. */
export class Introduction implements SocketEars {
  readonly #onOver: (introduced: Introduced) => void;
  #held: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(onOver: (introduced: Introduced) => void) {
    this.#onOver = onOver;
  }

  onBytes(bytes: Buffer): void {
    const held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    const header = readProxyHeader(held);
    switch (header.kind) {
      case 'incomplete':
        this.#held = keepBytes(held);
        return;
      case 'faulty':
        return this.#end({ kind: 'refused', code: 'proxy-header-invalid' });
      case 'read':
        return this.#end({ kind: 'client', client: header.client, rest: held.subarray(header.length) });
    }
  }

  /** The header did not come in time. */
  onDue(): void {
    this.#end({ kind: 'refused', code: 'request-timeout' });
  }

  onEnd(): void {
    this.#end({ kind: 'left' });
  }

  onClose(): void {
    this.#end({ kind: 'left' });
  }

  onDrain(): void {
    // Nothing is said before the header is here.
  }

  #end(introduced: Introduced): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(introduced);
  }
}
