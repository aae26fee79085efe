/** A short run of the HTTP fuzzer with every test run; long ones, with more referees, are `npm run fuzz -- http`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDataDir } from '../support/front-door.ts';
import { prepareGround } from './fuzz-ground.ts';
import { formatCase, makeCase, parseCase } from './http-case.ts';
import { runHttpFuzz } from './http-run.ts';

const seed = 1964;
const requests = 400;

test('generated and damaged HTTP is read in one way through the front door, without a crash or a hang', async (t) => {
  const ground = await prepareGround(makeDataDir(t), ['node']);
  const found: string[] = [];
  try {
    const { classes, findings } = await runHttpFuzz(ground, {
      seed,
      requests,
      maxMs: 60_000,
      onProgress: () => undefined,
      onFinding: (finding, item) => found.push(`${item?.number ?? 'run'} ${finding.class}: ${finding.text}`),
    });
    assert.deepEqual(found, []);
    assert.deepEqual(findings, { 'split-differently': 0, 'answer-wrong': 0, crash: 0, hang: 0 });
    // A front door that refused everything, or nothing, would prove nothing.
    for (const name of [
      'forwarded',
      'answer 400',
      'answer 502',
      'first answer the same',
      'referee node same',
    ]) {
      assert.ok((classes.get(name) ?? 0) >= 10, `${name}: ${classes.get(name)}`);
    }
  } finally {
    assert.equal(await ground.stop(), undefined);
  }
});

test('a case follows from its seed and number, and comes back from its file as it was', () => {
  for (let number = 0; number < 200; number++) {
    const item = makeCase(7, number);
    assert.deepEqual(makeCase(7, number), item);
    assert.deepEqual(parseCase(formatCase(item, [])), item);
  }
});
