/** `mooring hash-password`: a password from standard input, as settings may have it, so that no file has the password itself. */
import { createInterface } from 'node:readline';
import { hashPassword } from '#shared/password-hash.ts';

const leastLength = 8;

/** Throws where nothing usable comes. */
export async function printPasswordHash(): Promise<void> {
  if (process.stdin.isTTY) process.stderr.write('Password, which is shown as you type it: ');
  // On a terminal the first line is all.
  let password = '';
  for await (const line of createInterface({ input: process.stdin })) {
    password = line;
    break;
  }
  if (password.length < leastLength) throw new Error(`a password has ${leastLength} characters or more`);
  process.stdout.write(`${await hashPassword(password)}\n`);
}
