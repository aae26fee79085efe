/** What a native socket needs of the transport that has the add-on. */
import type { NativeSockets } from '#native/binding.ts';

export interface DeferringSocket {
  sendDeferred(): void;
}

export interface SocketCarrier {
  readonly native: NativeSockets;
  /** The add-on must not know the socket any more. */
  forget(id: number): void;
  /** Calls `sendDeferred` of the socket soon, at the end of the batch at the latest; false outside of one. */
  defer(socket: DeferringSocket): boolean;
}
