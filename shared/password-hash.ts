/**
 * Passwords as they are kept: salted and hashed by scrypt, in one line that any settings file, shell and Compose file takes
 * unquoted. They are worked on one after the other, and few may wait, for each takes memory and time, and anybody may ask.
 */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { AppError } from './errors.ts';

/** 2^15 blocks of 1 KiB, three times: 32 MiB, one of the choices that OWASP gives. */
const cost = { ln: 15, r: 8, p: 3 } as const;
const costOfMade = { ln: 12, r: 8, p: 1 } as const;
const saltBytes = 16;
const hashBytes = 32;
const form = /^scrypt:(\d{2}):(\d{1,2}):(\d):([A-Za-z0-9_-]{16,86}):([A-Za-z0-9_-]{43})$/;
/** Longer ones are nobody's password. */
const passwordMaxBytes = 1_024;

/** Those that wait beyond this are refused. */
const waitingMax = 16;
let waiting = 0;
let line: Promise<unknown> = Promise.resolve();

export function isPasswordHash(text: string): boolean {
  const [, ln = '0', r = '0', p = '0'] = form.exec(text) ?? [];
  return inBounds(Number(ln), Number(r), Number(p));
}

/**
 * Of what a person thought of; `made` for one of many random bits, which nobody finds by trying. Throws where nobody could log in
 * with it.
 */
export async function hashPassword(password: string, of: 'person' | 'made' = 'person'): Promise<string> {
  if (Buffer.byteLength(password) > passwordMaxBytes)
    throw new RangeError(`a password has ${passwordMaxBytes} bytes or fewer`);
  const salt = randomBytes(saltBytes);
  const { ln, r, p } = of === 'made' ? costOfMade : cost;
  const hash = await derive(password, salt, { ln, r, p });
  return ['scrypt', ln, r, p, salt.toString('base64url'), hash.toString('base64url')].join(':');
}

/** Throws `too-many-waiting` where too many are being looked at. */
export async function verifyPassword(password: string, kept: string): Promise<boolean> {
  const [, ln, r, p, salt, hash] = form.exec(kept) ?? [];
  if (!isPasswordHash(kept) || Buffer.byteLength(password) > passwordMaxBytes) return false;
  const found = await derive(password, Buffer.from(salt!, 'base64url'), {
    ln: Number(ln),
    r: Number(r),
    p: Number(p),
  });
  return timingSafeEqual(found, Buffer.from(hash!, 'base64url'));
}

interface Cost {
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

/** 64 MiB at most. */
function inBounds(ln: number, r: number, p: number): boolean {
  return ln >= 12 && r >= 1 && 2 ** ln * r * 128 <= 67_108_864 && p >= 1;
}

/** One after the other. */
async function derive(password: string, salt: Buffer, { ln, r, p }: Cost): Promise<Buffer> {
  if (waiting >= waitingMax) throw new AppError('too-many-waiting');
  waiting++;
  const turn = line.then(
    async () =>
      await new Promise<Buffer>((resolve, reject) => {
        const options = { N: 2 ** ln, r, p, maxmem: 2 ** ln * r * 128 + 1_048_576 };
        // Two ways to type one password are one password (RFC 8265 section 4.2.2).
        scrypt(password.normalize('NFC'), salt, hashBytes, options, (error, key) =>
          error === null ? resolve(key) : reject(error),
        );
      }),
  );
  line = turn.catch(() => undefined);
  try {
    return await turn;
  } finally {
    waiting--;
  }
}
