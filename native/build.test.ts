/** The committed add-on is what its sources say: the record, and a build where the recorded tools are there. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  compileAddon,
  describeTools,
  hashFile,
  hashSources,
  prebuiltBinary,
  prebuiltRecord,
} from './build.ts';
import type { BuildRecord } from './build.ts';

const record = JSON.parse(readFileSync(prebuiltRecord, 'utf8')) as BuildRecord;

test('the committed add-on was built from the sources that stand beside it; npm run build:native builds it anew', () => {
  assert.equal(record.sources, hashSources());
  assert.equal(record.binary, hashFile(prebuiltBinary));
});

test('the recorded tools build the same bytes again', (t) => {
  // Without these tools there is nothing to compare: other ones write other bytes.
  if (JSON.stringify(describeTools()) !== JSON.stringify(record.tools)) return;
  const folder = mkdtempSync(join(tmpdir(), 'mooring-build-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const built = join(folder, 'again.node');
  compileAddon(built);
  assert.equal(hashFile(built), record.binary);
});
