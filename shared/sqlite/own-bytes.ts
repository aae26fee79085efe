/** Bytes on their way to a database thread: a view would take all the memory with it that it is a view of. */

/** The bytes themselves where nothing is around them, else a copy. */
export function toOwnBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
