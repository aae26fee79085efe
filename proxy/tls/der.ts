/** Writes ASN.1 values in DER (X.690), as far as a certificate needs them. Reads nothing. */

const universal = {
  integer: 2,
  bits: 3,
  octets: 4,
  oid: 6,
  utf8: 12,
  sequence: 48,
  set: 49,
  time: 24,
} as const;

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(universal.sequence, ...parts);
}

export function setOf(...parts: readonly Buffer[]): Buffer {
  return tagged(universal.set, ...parts);
}

/** A whole number that is not negative, most significant byte first. */
export function integer(bytes: Buffer): Buffer {
  return tagged(universal.integer, ...(bytes[0]! >= 0x80 ? [Buffer.from([0])] : []), bytes);
}

export function bitString(bytes: Buffer): Buffer {
  return tagged(universal.bits, Buffer.from([0]), bytes);
}

export function octetString(...parts: readonly Buffer[]): Buffer {
  return tagged(universal.octets, ...parts);
}

export function utf8(text: string): Buffer {
  return tagged(universal.utf8, Buffer.from(text));
}

/** GeneralizedTime, to the second. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '');
  return tagged(universal.time, Buffer.from(digits, 'latin1'));
}

/** `1.2.840.10045.4.3.2`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tagged(universal.oid, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Any tag of one byte. */
export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(content.length)]), content]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
