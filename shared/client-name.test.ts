/** What clients call themselves, and what somebody says who wants to be read for long. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readClientName } from './client-name.ts';

const safari = (version: string): string =>
  `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ${version}`;

for (const [told, client, version] of [
  [safari('Version/17.4.1 Safari/605.1.15'), 'Safari', '17'],
  [safari('Version/17 Safari/605.1.15'), 'Safari', '17'],
  [safari('Version/17.0 Mobile/15E148 Safari/604.1'), 'Safari', '17'],
  ['OCT_CODE_Visual_Studio Code@0.3.1', 'Visual Studio Code', '0.3.1'],
  ['curl/8.1', 'curl', '8.1'],
  ['', 'unidentified', ''],
] as const)
  test(`"${told}" is ${client}`, () => assert.deepEqual(readClientName(told), { client, version }));

/** Each of them takes hours where the time grows with the square of the length. */
const length = 4_000_000;
for (const [what, told] of [
  ['digits', `Mozilla/5.0 Version/${'1'.repeat(length)}`],
  ['points', `Mozilla/5.0 Version/1${'.1'.repeat(length)}`],
  ['names', `OCT_CODE_${'@'.repeat(length)}`],
  ['versions', `Mozilla/5.0 ${'Version/1'.repeat(length)}`],
] as const)
  test(`a head that is full of ${what} is read at once`, { timeout: 60_000 }, () => {
    assert.notEqual(readClientName(told).client, '');
  });
