/** The status of an answer, which is the first field of its block: as much of HPACK (RFC 7541) as that takes. */

/** Fields 8 to 14 of the static table. */
const indexed = [200, 204, 206, 304, 400, 404, 500];
const firstIndex = 8;

/** Undefined where the block begins otherwise. */
export function readStatus(block: Buffer): number | undefined {
  let at = 0;
  // A new size of the dynamic table may stand before it.
  while (at < block.length && (block[at]! & 0xe0) === 0x20) at++;
  const first = block[at]!;
  if ((first & 0x80) !== 0) return indexed[(first & 0x7f) - firstIndex];
  // A literal of the name `:status`, to be indexed, not, or never.
  if ((first & 0x3f) !== firstIndex && (first & 0x0f) !== firstIndex) return undefined;
  const length = block[at + 1]! & 0x7f;
  const bytes = block.subarray(at + 2, at + 2 + length);
  return Number((block[at + 1]! & 0x80) === 0 ? bytes.toString('latin1') : readDigits(bytes));
}

/** 0 to 2 have codes of 5 bits, 3 to 9 of 6 bits (RFC 7541 appendix B). */
function readDigits(bytes: Buffer): string {
  let bits = '';
  for (const byte of bytes) bits += byte.toString(2).padStart(8, '0');
  let digits = '';
  for (let at = 0; digits.length < 3;) {
    const short = Number.parseInt(bits.slice(at, at + 5), 2);
    if (short <= 2) {
      digits += short;
      at += 5;
    } else {
      digits += Number.parseInt(bits.slice(at, at + 6), 2) - 0b011001 + 3;
      at += 6;
    }
  }
  return digits;
}
