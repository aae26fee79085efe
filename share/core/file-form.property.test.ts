/** Byte order marks and line ends: a file that is written back differs where somebody has edited it and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { changeText, readTextFile, writeTextFile } from './file-form.ts';
import type { TextFile } from './file-form.ts';

const line = fc
  .tuple(fc.constantFrom('', 'a', 'bb', '日本', '😀'), fc.constantFrom('\n', '\r\n'))
  .map((parts) => parts.join(''));
const content = fc
  .tuple(fc.constantFrom('', '\ufeff'), fc.array(line, { maxLength: 12 }), fc.constantFrom('', 'end'))
  .map(([mark, lines, end]) => mark + lines.join('') + end);

function read(text: string): TextFile {
  const found = readTextFile(new TextEncoder().encode(text));
  assert.equal(found.kind, 'text');
  return (found as { file: TextFile }).file;
}

function write(file: TextFile): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(writeTextFile(file));
}

test('a file that nobody has edited is written back byte for byte', () => {
  fc.assert(
    fc.property(content, (text) => {
      const file = read(text);
      assert.equal(write(changeText(file, file.text)), text);
      assert.ok(!file.text.includes('\r'));
    }),
  );
});

test('an edited file has the text that was wanted, and keeps the ends of lines that nobody touched', () => {
  fc.assert(
    fc.property(
      content,
      fc.nat({ max: 30 }),
      fc.constantFrom('X', 'X\n', '\nX\n', ''),
      (text, place, insert) => {
        const file = read(text);
        const at = Math.min(place, file.text.length);
        const wanted = file.text.slice(0, at) + insert + file.text.slice(at);
        fc.pre(wanted.isWellFormed());
        const changed = changeText(file, wanted);
        assert.equal(read(write(changed)).text, wanted);
        assert.equal(changed.hasMark, file.hasMark);
        const kept = (raw: string): number => raw.split('\r\n').length;
        if (insert === 'X' || insert === '') assert.equal(kept(changed.raw), kept(file.raw));
      },
    ),
    { numRuns: 1_000 },
  );
});

test('what is no text that clients can edit is refused with a reason', () => {
  assert.deepEqual(readTextFile(new Uint8Array([65, 0, 66])), { kind: 'refused', reason: 'binary' });
  assert.deepEqual(readTextFile(new Uint8Array([0xff, 0xfe, 65, 66])), {
    kind: 'refused',
    reason: 'encoding',
  });
  assert.deepEqual(readTextFile(new TextEncoder().encode('a\rb')), { kind: 'refused', reason: 'line ends' });
});
