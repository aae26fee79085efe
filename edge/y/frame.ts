/**
 * A message as one WebSocket frame, made once and written to every member as it is (RFC 6455 section 5.2:
 * a server's frames are not masked, and without extensions they are the same for all).
 */
const finalBinary = 0x82;
const length16 = 126;
const length64 = 127;
const length16Max = 0xffff;

export function frameBinary(payload: Uint8Array): Buffer {
  const head = encodeHead(payload.byteLength);
  return Buffer.concat([head, payload], head.byteLength + payload.byteLength);
}

function encodeHead(length: number): Buffer {
  if (length < length16) return Buffer.from([finalBinary, length]);
  if (length <= length16Max) {
    const head = Buffer.from([finalBinary, length16, 0, 0]);
    head.writeUInt16BE(length, 2);
    return head;
  }
  const head = Buffer.from([finalBinary, length64, 0, 0, 0, 0, 0, 0, 0, 0]);
  head.writeBigUInt64BE(BigInt(length), 2);
  return head;
}
