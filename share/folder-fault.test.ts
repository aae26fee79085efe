/** What members are told of a fault of the host's disk. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultFor, readFault } from './folder-fault.ts';

test('a fault of the disk is told in words, without the host’s own paths, and is known again by who hears of it', () => {
  const table = {
    ENOSPC: 'ENOSPC: the disk is full',
    EDQUOT: 'ENOSPC: the disk is full',
    EROFS: 'EACCES: not allowed',
    EXDEV: 'EIO: the host cannot do that (EXDEV)',
  };
  for (const [code, words] of Object.entries(table)) {
    const fault = faultFor(Object.assign(new Error(`${code}: it failed, write '/home/ann/a'`), { code }));
    assert.equal(fault.message, words);
    assert.equal(readFault(new Error(`Error: ${words}`))?.code, fault.code);
  }
});
