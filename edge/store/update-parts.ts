/**
 * Bytes on their way into rows and back: updates of one commit packed into one run of bytes, each behind its length, and
 * runs cut into parts.
 */

/** Well below the packet that the strictest server takes by default, 4 MiB. */
export const partMaxBytes = 3_145_728;
const lengthBytes = 4;

export function packUpdates(updates: readonly Uint8Array[]): Buffer {
  const chunks = updates.flatMap((update) => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUInt32LE(update.byteLength);
    return [length, update];
  });
  return Buffer.concat(chunks);
}

/** Throws where the bytes are not what `packUpdates` made. */
export function unpackUpdates(packed: Uint8Array): Uint8Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const updates: Uint8Array[] = [];
  for (let at = 0; at < packed.byteLength;) {
    const start = at + lengthBytes;
    const end = start + view.getUint32(at, true);
    if (end > packed.byteLength) throw new RangeError('stored updates are cut short');
    updates.push(packed.subarray(start, end));
    at = end;
  }
  return updates;
}

/** At least one part, also of nothing. */
export function cutIntoParts(bytes: Uint8Array): Uint8Array[] {
  const count = Math.max(1, Math.ceil(bytes.byteLength / partMaxBytes));
  return Array.from({ length: count }, (_, index) =>
    bytes.subarray(index * partMaxBytes, (index + 1) * partMaxBytes),
  );
}
