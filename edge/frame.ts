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

/** A text message of ASCII, in three pieces, and a binary one right behind it. */
export interface TextAndBinary {
  readonly text: readonly [Uint8Array, string, Uint8Array];
  readonly payload: Parts;
}

export function frameTextAndBinary(message: TextAndBinary): Buffer {
  const frames = Buffer.allocUnsafe(lengthOfTextAndBinary(message));
  putTextAndBinary(frames, 0, message);
  return frames;
}

/** Bytes of the two frames. */
export function lengthOfTextAndBinary({ text, payload }: TextAndBinary): number {
  const textBytes = text[0].byteLength + text[1].length + text[2].byteLength;
  const payloadBytes = byteLengthOf(payload);
  return headLengthOf(textBytes) + textBytes + headLengthOf(payloadBytes) + payloadBytes;
}

/** Where there is room for both frames. */
export function putTextAndBinary(target: Buffer, start: number, { text, payload }: TextAndBinary): void {
  const [before, middle, after] = text;
  const textBytes = before.byteLength + middle.length + after.byteLength;
  let at = put(target, writeHead(target, start, finalText, textBytes), before);
  // Faster than what Node has for texts that are as short as this.
  for (let i = 0; i < middle.length; i++) target[at++] = middle.charCodeAt(i);
  at = put(target, at, after);
  at = writeHead(target, at, finalBinary, byteLengthOf(payload));
  for (const part of payload) at = put(target, at, part);
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
