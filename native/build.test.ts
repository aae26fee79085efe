/** The committed add-ons are what their sources say: the records, and a build where the recorded tools are there. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { binaryOf, compileAddon, describeTools, hashFile, hashSources, recordOf, targets } from './build.ts';
import type { BuildRecord, Target } from './build.ts';

/** `e_machine` of an ELF file, at 18: what the kernel and the loader go by. */
const machines: Readonly<Record<string, number>> = { 'linux-x64': 62, 'linux-arm64': 183 };

function readRecord(target: Target): BuildRecord {
  return JSON.parse(readFileSync(recordOf(target), 'utf8')) as BuildRecord;
}

for (const target of targets) {
  const { platform } = target;

  test(`the add-on of ${platform} was built from the sources beside it; npm run build:native builds it anew`, () => {
    const record = readRecord(target);
    assert.equal(record.sources, hashSources());
    assert.equal(record.binary, hashFile(binaryOf(target)));
  });

  test(`the add-on of ${platform} is one for that machine`, () => {
    assert.equal(readFileSync(binaryOf(target)).readUInt16LE(18), machines[platform]);
  });

  test(`the recorded tools build the same bytes for ${platform} again`, (t) => {
    const record = readRecord(target);
    // Without these tools there is nothing to compare: other ones write other bytes.
    if (JSON.stringify(describeTools(target)) !== JSON.stringify(record.tools)) {
      t.diagnostic('other tools are installed here: not compared');
      return;
    }
    const folder = mkdtempSync(join(tmpdir(), 'mooring-build-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const built = join(folder, 'again.node');
    compileAddon(target, built);
    assert.equal(hashFile(built), record.binary);
  });
}
