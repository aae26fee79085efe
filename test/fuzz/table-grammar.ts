/**
 * Cases of the request table as tokens for the mutator: one or two of them in a row, cut where a parser makes its decisions.
 * Those that are large on purpose are left out: their size is what they try, and they would slow a run down.
 */
import type { Random } from '../../bench/random.ts';
import { requestTable } from '../conformance/request-table.ts';
import { chance, pick } from './mutation.ts';

const caseMaxBytes = 5_000;
const cases = requestTable.map(({ bytes }) => bytes).filter((bytes) => bytes.length <= caseMaxBytes);
/** A line end, one separator, or what stands between them. */
const tokenPattern = /\r\n|[\s:;,=/?]|[^\s:;,=/?]+/g;

export function tableTokens(random: Random): string[] {
  const bytes = pick(random, cases) + (chance(random, 0.3) ? pick(random, cases) : '');
  return bytes.match(tokenPattern) ?? [];
}
