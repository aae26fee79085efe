/**
 * Messages as WebSocket frames, made once and written as they are (RFC 6455 section 5.2: a server's frames are not masked,
 * and without extensions they are the same for all).
 */
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

/** A text message of ASCII and a binary one right behind it, in one piece. */
export function frameTextAndBinary(text: string, payload: Uint8Array): Buffer {
  const textBytes = headLengthOf(text.length) + text.length;
  const frames = Buffer.allocUnsafe(textBytes + headLengthOf(payload.byteLength) + payload.byteLength);
  frames.write(text, writeHead(frames, 0, finalText, text.length), 'latin1');
  frames.set(payload, writeHead(frames, textBytes, finalBinary, payload.byteLength));
  return frames;
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
