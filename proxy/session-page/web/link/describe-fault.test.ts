/** Faults as people read them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeFault } from './describe-fault.ts';

test('a fault is told in words, without what only programs need', () => {
  const table: [unknown, string][] = [
    [new Error('Error: ENOENT: no such file or folder'), 'no such file or folder'],
    [new Error('ENOENT: there is no root/a.txt'), 'there is no root/a.txt'],
    [new Error('This session is read-only.'), 'This session is read-only.'],
    [new Error('{"code":"Odd","message":"Not today."}'), 'Not today.'],
    [{ code: 'JoinRejected', message: 'x' }, 'The host did not let you in.'],
    [new TypeError('fetch failed'), 'The server cannot be reached.'],
  ];
  for (const [fault, words] of table) assert.equal(describeFault(fault), words);
});
