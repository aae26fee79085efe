/** What stands in a cell comes back as it was, and is no formula for any spreadsheet. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine } from './csv.ts';

test('texts that a spreadsheet would reckon with are marked as texts, and none ends its cell or line', () => {
  assert.equal(csvLine(['a', 'b "c", d\ne', 5, -1.5]), '"a","b ""c"", d\ne",5,-1.5\n');
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '＝1', '＠x'])
    assert.equal(csvLine([text]), `"'${text}"\n`);
  assert.equal(csvLine(['a=1', '']), '"a=1",""\n');
});
