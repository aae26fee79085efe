/** The fuzzers with every test run: 10^5 requests before all referees, and frames; more by `npm run fuzz -- http` and `http2`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeDataDir } from '../support/front-door.ts';
import { Authority } from '../support/certificate.ts';
import { prepareGround, refereeNames } from './fuzz-ground.ts';
import type { FuzzGround } from './fuzz-ground.ts';
import { formatCase, makeCase, makeFramedCase, parseCase } from './http-case.ts';
import { runHttpFuzz } from './http-run.ts';
import type { RunPlan, RunReport } from './http-run.ts';

const seed = 1964;
/** 10^5 requests in all; each part is a test of its own, so that a busy machine has time for it. */
const parts = 10;
const requests = 10_000;
const partMaxMs = 100_000;

let ground: FuzzGround;

const folder = mkdtempSync(join(tmpdir(), 'mooring-fuzz-'));

before(async () => {
  ground = await prepareGround(folder, refereeNames);
});

after(async () => {
  // What the front door has to complain of after all that it was sent.
  assert.equal(await ground.stop(), undefined);
  rmSync(folder, { recursive: true });
});

for (let part = 0; part < parts; part++) {
  test(`generated and damaged HTTP is read in one way through the front door, without a crash or a hang (${part + 1} of ${parts})`, async () => {
    const { found, classes } = await runOn(ground, { protocol: 'http', seed: seed + part, requests });
    assert.deepEqual(found, []);
    // A front door that refused everything, or nothing, would prove nothing.
    for (const name of [
      'forwarded',
      'answer 400',
      'answer 502',
      'first answer the same',
      ...refereeNames.map((referee) => `referee ${referee} same`),
    ]) {
      assert.ok((classes.get(name) ?? 0) >= 250, `${name}: ${classes.get(name)}`);
    }
  });
}

test('damaged frames of HTTP/2 end nobody but their own connection, and each request of theirs is one at the edge', async (t) => {
  const certificate = new Authority(t).sign('DNS:localhost,IP:127.0.0.1');
  const ground = await prepareGround(makeDataDir(t), ['node'], certificate);
  try {
    const { found, classes } = await runOn(ground, { protocol: 'http2', seed, requests: 1_500 });
    assert.deepEqual(found, []);
    for (const name of ['forwarded', 'answer 200', 'answer 400', 'goaway 1', 'referee node same'])
      assert.ok((classes.get(name) ?? 0) >= 10, `${name}: ${classes.get(name)}`);
  } finally {
    assert.equal(await ground.stop(), undefined);
  }
});

test('a case follows from its seed and number, and comes back from its file as it was', () => {
  for (const make of [makeCase, makeFramedCase]) {
    for (let number = 0; number < 200; number++) {
      const item = make(7, number);
      assert.deepEqual(make(7, number), item);
      assert.deepEqual(parseCase(formatCase(item, [])), item);
    }
  }
});

async function runOn(
  ground: FuzzGround,
  plan: Pick<RunPlan, 'protocol' | 'seed' | 'requests'>,
): Promise<{ found: string[]; classes: RunReport['classes'] }> {
  const found: string[] = [];
  const { classes, requests } = await runHttpFuzz(ground, {
    ...plan,
    maxMs: partMaxMs,
    onProgress: () => undefined,
    onFinding: (finding, item) => found.push(`${item?.number ?? 'run'} ${finding.class}: ${finding.text}`),
  });
  assert.ok(requests >= plan.requests || found.length > 0, `no time for more than ${requests}`);
  return { found, classes };
}
