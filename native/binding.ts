/**
 * The face of the native sockets (Linux, optional) and the one place that loads them. Sockets are numbers; what
 * happens on them comes in batches, once per turn of the event loop. Without the add-on `node:net` does all.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** What an event tells; each is four int32: kind, id, a, b. */
export const eventKinds = {
  /** The socket was closed by the receiver earlier in the same batch. */
  none: 0,
  /** id = listener, a = the new socket. */
  accepted: 1,
  connected: 2,
  /** a = where in `reads`, b = how many bytes. */
  data: 3,
  /** The peer's FIN, after its last byte. */
  ended: 4,
  /** All that was queued is with the kernel, and a FIN that was ordered behind it. */
  drained: 5,
  /** a = errno, never 0. The id is over: no call is needed, or harmful before the batch has ended. */
  closed: 6,
  /** id = listener, a = errno: out of descriptors or memory. It waits for `resumeAccepting`. */
  acceptFailed: 7,
  /** id = the first of the two that were joined, a = errno or 0, b = 1 or 2: who of them ended or failed first. */
  relayEnded: 8,
  /** a = a descriptor that came with the next bytes, the receiver's to close; -1 where there was no room for it. */
  handle: 9,
} as const;

/**
 * One set of sockets with ids of its own. A call on an id that is over answers -1, 0, '' or nothing; it does not
 * throw. Ids are small numbers, given again only after the batch in which they were freed.
 */
export interface NativeSockets {
  /**
   * Starts. Events are written to `events` (a length of 80 at least), received bytes to `reads` (1 KiB at least, best
   * a MiB); both are filled anew for each call of `onBatch`, and must not be transferred. What it throws is an
   * uncaught exception. While sockets or listeners are open the process stays up.
   */
  open(reads: Uint8Array, events: Int32Array, onBatch: (count: number) => void): void;
  /** Closes everything. The rest of the batch, if one is under way, becomes `none`. May be opened again. */
  shutDown(): void;

  /** A numeric address; `::` takes IPv4 too. Throws as Node does: code `EADDRINUSE` and the like. */
  listen(address: string, port: number, backlog: number): number;
  /** On a descriptor that listens already, which is this set's from now on; others may share its socket. */
  listenOn(descriptor: number): number;
  localPort(id: number): number;
  /** Sockets whose `accepted` is in the batch under way are the caller's to close. */
  stopListening(id: number): void;
  /** New connections wait in the queue of the kernel; what is in the batch under way still comes. */
  pauseAccepting(id: number): void;
  resumeAccepting(id: number): void;

  /** A numeric address. Throws only for an address that is none, or if there is no memory: faults come as `closed`. */
  connect(address: string, port: number): number;
  connectPath(path: string): number;
  /** As text, as Node writes it; empty for a path. Also after the peer is gone. */
  peerAddress(id: number): string;

  /**
   * Sends at once what the kernel takes and copies the rest; returns how many bytes wait now, or -1 where the socket
   * is over or was shut down. After a fault everything that came before it is read before `closed` is told.
   */
  write(id: number, bytes: Uint8Array, from: number, to: number): number;
  /** Characters above U+00FF are cut to their low byte, as by `Buffer`: the caller sees to it that there are none. */
  writeLatin1(id: number, text: string): number;
  /** Text and bytes with one system call. */
  writeBoth(id: number, head: string, bytes: Uint8Array, from: number, to: number): number;
  queued(id: number): number;
  /** No more reading; what is in the batch already still comes. A fault is told nevertheless, unless bytes wait. */
  pause(id: number): void;
  resume(id: number): void;
  /** A FIN after what is queued; `drained` tells of it only if something was. */
  shutdownWrite(id: number): void;
  /** At once, dropping what is queued; of a relay both sides. No further event of this id. */
  close(id: number): void;
  /** As `close`, and the peer sees a reset. */
  reset(id: number): void;

  /**
   * Joins two connections: bytes go both ways without JavaScript, at most 64 KiB held in each direction; a half close
   * is passed on. What was written before goes first, also in the rest of this batch, where `data` of the two may
   * still come. Ends with `relayEnded`, after which both ids are over. False where one is over already, or joined.
   */
  relay(a: number, b: number): boolean;
  /** Bytes from a to b and from b to a; in a third place, if there is one, who has ended: 1 = a, 2 = b, 3 = both. */
  relayedBytes(a: number, out: Float64Array): void;
  /** Ends both sides at once, without an event. */
  closeRelay(a: number): void;

  /**
   * Gives the descriptor of a connection or a listener away, for `new net.Socket({ fd })`, and forgets the id; `data`
   * of it may still be in the batch. -1 where bytes are queued, or the socket is over or joined.
   */
  detach(id: number): number;

  /** Listens on a Unix-domain socket that the owner of the process alone may connect to; the path must not exist. */
  listenPath(path: string, backlog: number): number;
  /** Descriptors may come over this connection, each told as `handle` before the bytes that it came with. */
  takeHandles(id: number): void;
  /**
   * Sends the descriptor of `given` over the Unix-domain socket `id` with a message, of one byte at least. It stays open
   * here, too, and should be paused. Returns as `write`, or -2 where there is no room now, which `drained` ends, or -3
   * where `given` is over, joined or holds bytes back, or the kernel has too many on their way.
   */
  sendHandle(id: number, given: number, bytes: Uint8Array, from: number, to: number): number;
  /** Closes a descriptor that is no socket of this set; a cut ends the connection for every process that has it. */
  closeHandle(fd: number, isCut: boolean): void;

  /**
   * Sends to `count` connections that are no sockets of this set, which need not be open. `receivers` has two numbers for each:
   * its descriptor, and how many of the `spans` are its, 1 to 1,024; those follow each other, from and to in `bytes`. The second
   * number becomes how many bytes the kernel took, 0 also where it took none for a fault. Throws before anything is sent
   * where a span is not within the bytes.
   */
  sendEach(bytes: Uint8Array, receivers: Int32Array, spans: Int32Array, count: number): void;

  /**
   * Of this thread: V8 begins a collection, in steps, that ends with the pages given back that are empty, as if the system were
   * short of memory. The last step stops for about 1 ms a MiB of what lives. Does nothing in a Node that does not export V8's words for it.
   */
  collectMemory(): void;
  /** Of the whole process: pages of the C library's heap in which nothing is (malloc_trim(3)). Stops for up to 0.4 ms a MiB. */
  releaseMemory(): void;
}

/**
 * A new set, or undefined where there is no add-on for this platform or it cannot be loaded, as with another C
 * library. Each set has its own entry into JavaScript, so a process wants one.
 */
export function loadNativeSockets(): NativeSockets | undefined {
  const path = join(import.meta.dirname, 'prebuilt', `${process.platform}-${process.arch}.node`);
  if (!existsSync(path)) return undefined;
  const addon: { exports: Partial<NativeSockets> } = { exports: {} };
  try {
    process.dlopen(addon, path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_DLOPEN_FAILED') return undefined;
    throw error;
  }
  return addon.exports as NativeSockets;
}
