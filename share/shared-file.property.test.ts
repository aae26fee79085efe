/** A document and its file, while both are changed at once: they end as one, nothing that anybody wrote is lost, no echo counts. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import * as Y from 'yjs';
import { SharedFile } from './shared-file.ts';
import { SharedFolder } from './shared-folder.ts';

async function openFolder(t: TestContext): Promise<SharedFolder> {
  const path = mkdtempSync(join(tmpdir(), 'mooring-file-'));
  t.after(() => rmSync(path, { recursive: true }));
  return await SharedFolder.open(path, {
    rules: { include: [], includeSecrets: [], exclude: [] },
    usesIgnoreFiles: true,
    isReadOnly: false,
    keepsRules: true,
    name: 'project',
  });
}

async function openFile(folder: SharedFolder, name: string): Promise<{ file: SharedFile; text: Y.Text }> {
  const text = new Y.Doc().getText(name);
  const file = new SharedFile({
    path: `project/${name}`,
    folder,
    text,
    origin: {},
    onChange: () => undefined,
  });
  assert.equal(await file.open(), undefined);
  return { file, text };
}

const firstMark = 0x4e00;

const step = fc.oneof(
  fc.record({ do: fc.constantFrom('type', 'write', 'replace'), at: fc.nat({ max: 60 }) }),
  fc.record({ do: fc.constantFrom('save', 'look'), at: fc.constant(0) }),
);

test('whatever is typed and written to the disk, both end the same and have every mark of either', async (t) => {
  const folder = await openFolder(t);
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 12 }),
      fc.constantFrom('\n', '\r\n'),
      async (steps, lineEnd) => {
        const name = `${(runs += 1)}.txt`;
        const path = join(folder.root, name);
        writeFileSync(path, `one${lineEnd}two${lineEnd}three${lineEnd}`);
        const { file, text } = await openFile(folder, name);
        const marks: string[] = [];
        for (const [index, { do: what, at }] of steps.entries()) {
          // One character, which nothing can be typed into.
          const mark = String.fromCharCode(firstMark + index);
          if (what === 'type') {
            text.insert(Math.min(at, text.length), mark);
            marks.push(mark);
          } else if (what === 'save') await file.save();
          else if (what === 'look') await file.look();
          else {
            // As editors write: over the file, or a new one in its place.
            const lines = readFileSync(path, 'utf8').split(lineEnd);
            lines.splice(Math.min(at % 7, lines.length - 1), 0, mark);
            const target = what === 'write' ? path : `${path}~`;
            writeFileSync(target, lines.join(lineEnd));
            if (target !== path) renameSync(target, path);
            marks.push(mark);
          }
        }
        await file.look(true);
        await file.save();
        assert.equal(await file.look(), false, 'our own write is no change');
        const disk = readFileSync(path, 'utf8');
        assert.equal(disk.replaceAll('\r\n', '\n'), text.toJSON());
        assert.ok(
          disk
            .split('\n')
            .slice(0, -1)
            .every((line) => line.endsWith('\r') === (lineEnd === '\r\n')),
        );
        for (const mark of marks) assert.ok(disk.split(mark).length >= 2, `${mark} is lost in ${disk}`);
        assert.equal(file.isUnsaved, false);
      },
    ),
    { numRuns: 100 },
  );
});

test('a file keeps its mode, and one that was removed comes back when somebody types', async (t) => {
  const folder = await openFolder(t);
  const path = join(folder.root, 'run.sh');
  writeFileSync(path, '#!/bin/sh\n', { mode: 0o750 });
  const { file, text } = await openFile(folder, 'run.sh');
  text.insert(text.length, 'true\n');
  assert.equal(await file.save(), 'saved');
  assert.equal(statSync(path).mode & 0o777, 0o750);
  rmSync(path);
  await file.look();
  assert.equal(await file.save(), 'unchanged');
  text.insert(text.length, 'false\n');
  assert.equal(await file.save(), 'saved');
  assert.equal(readFileSync(path, 'utf8'), '#!/bin/sh\ntrue\nfalse\n');
});

test('what took the file’s place and is no text is not written over', async (t) => {
  const folder = await openFolder(t);
  const path = join(folder.root, 'a.txt');
  writeFileSync(path, 'text\n');
  const { file, text } = await openFile(folder, 'a.txt');
  writeFileSync(path, new Uint8Array([0, 1, 2]));
  text.insert(0, 'typed ');
  await assert.rejects(file.save());
  assert.deepEqual(new Uint8Array(readFileSync(path)), new Uint8Array([0, 1, 2]));
  assert.equal(file.isUnsaved, true);
});
