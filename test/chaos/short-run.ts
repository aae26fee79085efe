/** A few rounds of a scenario of chaos within a test, judged by the offline checker; `npm run chaos` plays the long form. */
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { checkHistory, formatFindings } from './checker.ts';
import type { Findings } from './findings.ts';
import { readHistory } from './history.ts';
import { playScenario } from './scenarios.ts';
import type { ScenarioName } from './verdicts.ts';

/** Fails where anything broke; the findings are for what the test asks besides. */
export async function playShort(t: TestContext, name: ScenarioName): Promise<Findings> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-chaos-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const seed = randomInt(2 ** 31);
  t.diagnostic(`seed ${seed}`);
  const onProgress = (text: string): void => t.diagnostic(text);
  const failures = await playScenario(name, { folder, seed, rounds: undefined, isShort: true, onProgress });
  assert.deepEqual(failures, []);
  const findings = checkHistory(await readHistory(folder));
  assert.deepEqual(findings.breaches, [], formatFindings(findings));
  return findings;
}
