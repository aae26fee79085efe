/**
 * Messages as WebSocket frames, made once and written as they are (RFC 6455 section 5.2: a server's frames are not masked,
 * and without extensions they are the same for all).
 */

/** Bytes of one message, in order: what many messages share is copied once, into the frame. */
export type Parts = readonly Uint8Array[];

const finalText = 0x81;
const finalBinary = 0x82;
const length16 = 126;
const length64 = 127;
const length16Max = 0xffff;

export function frameBinary(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(headLengthOf(payload.byteLength) + payload.byteLength);
  frame.set(payload, writeHead(frame, 0, finalBinary, payload.byteLength));
  return frame;
}

/** A text message of ASCII, given in three pieces, and a binary one right behind it, which is given in parts, all in one. */
export function frameTextAndBinary(text: readonly [Uint8Array, string, Uint8Array], payload: Parts): Buffer {
  const [before, middle, after] = text;
  const length = before.byteLength + middle.length + after.byteLength;
  const textBytes = headLengthOf(length) + length;
  const payloadBytes = byteLengthOf(payload);
  const frames = Buffer.allocUnsafe(textBytes + headLengthOf(payloadBytes) + payloadBytes);
  let at = put(frames, writeHead(frames, 0, finalText, length), before);
  // Faster than what Node has for texts that are as short as this.
  for (let i = 0; i < middle.length; i++) frames[at++] = middle.charCodeAt(i);
  put(frames, at, after);
  at = writeHead(frames, textBytes, finalBinary, payloadBytes);
  for (const part of payload) at = put(frames, at, part);
  return frames;
}

/** Gives where it ends. */
function put(target: Buffer, at: number, part: Uint8Array): number {
  target.set(part, at);
  return at + part.byteLength;
}

export function byteLengthOf(parts: Parts): number {
  let total = 0;
  for (const { byteLength } of parts) total += byteLength;
  return total;
}

function headLengthOf(length: number): number {
  if (length < length16) return 2;
  return length <= length16Max ? 4 : 10;
}

/** Gives where the payload begins. */
function writeHead(frame: Buffer, at: number, kind: number, length: number): number {
  frame[at] = kind;
  if (length < length16) return frame.writeUInt8(length, at + 1);
  if (length <= length16Max) return frame.writeUInt16BE(length, frame.writeUInt8(length16, at + 1));
  return frame.writeBigUInt64BE(BigInt(length), frame.writeUInt8(length64, at + 1));
}
