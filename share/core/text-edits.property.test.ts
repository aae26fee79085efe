/** Edits between texts: they make the one into the other, keep what others typed, and cut no pair. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyEdits } from './edit.ts';
import { diffText, rebaseEdits } from './text-edits.ts';

const piece = fc.constantFrom('a', 'b', '\n', 'ab\n', '😀', '😁', '\ud83d\ude00x', 'line\n');
const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
const marked = fc.array(fc.constantFrom('X', 'Y', 'Z\n'), { maxLength: 4 }).map((pieces) => pieces.join(''));

/** A text with something inserted at some places, and parts removed. */
function changed(before: string): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 4 }), marked), { maxLength: 4 })
    .map((changes) => {
      let points = Array.from(before);
      for (const [at, remove, insert] of changes)
        points = [...points.slice(0, at), ...Array.from(insert), ...points.slice(at + remove)];
      return points.join('');
    });
}

test('edits make one text into the other, in order and without overlap', () => {
  fc.assert(
    fc.property(text, text, (from, to) => {
      const edits = diffText(from, to);
      assert.equal(applyEdits(from, edits), to);
      let end = 0;
      for (const { at, remove } of edits) {
        assert.ok(at >= end);
        end = at + remove;
      }
      assert.ok(end <= from.length);
    }),
    { numRuns: 2_000 },
  );
});

test('no edit begins or ends inside of a surrogate pair', () => {
  fc.assert(
    fc.property(text, text, (from, to) => {
      for (const { at, remove, insert } of diffText(from, to)) {
        for (const position of [at, at + remove]) {
          const [before, after] = [from.charCodeAt(position - 1), from.charCodeAt(position)];
          assert.ok(!(before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff));
        }
        assert.ok(insert.isWellFormed());
      }
    }),
    { numRuns: 2_000 },
  );
});

test('edits that are carried over keep every character that others typed meanwhile', () => {
  const cases = text.chain((base) => fc.tuple(fc.constant(base), changed(base), text));
  fc.assert(
    fc.property(cases, ([base, typed, disk]) => {
      const over = diffText(base, typed);
      const merged = applyEdits(typed, rebaseEdits(diffText(base, disk), over));
      const typedMarks = over.map(({ insert }) => insert).join('');
      assert.ok(isSubsequence(typedMarks, merged), JSON.stringify({ typedMarks, merged }));
      const diskMarks = diffText(base, disk)
        .map(({ insert }) => insert)
        .join('');
      assert.ok(isSubsequence(diskMarks, merged), JSON.stringify({ diskMarks, merged }));
    }),
    { numRuns: 4_000 },
  );
});

test('where only one side changed, that side is what comes out', () => {
  fc.assert(
    fc.property(text, text, (base, other) => {
      const edits = diffText(base, other);
      assert.deepEqual(rebaseEdits(edits, []), edits);
      assert.equal(applyEdits(other, rebaseEdits([], edits)), other);
    }),
  );
});

test('what both removed is gone once, and what was inserted inside of it stays', () => {
  const base = 'one two three';
  const over = [{ at: 4, remove: 4, insert: 'X' }];
  assert.deepEqual(rebaseEdits([{ at: 0, remove: 13, insert: '' }], over), [
    { at: 0, remove: 4, insert: '' },
    { at: 5, remove: 5, insert: '' },
  ]);
  assert.equal(
    applyEdits(applyEdits(base, over), rebaseEdits([{ at: 0, remove: 13, insert: '' }], over)),
    'X',
  );
});

test('texts that differ in every line are replaced within bounds', () => {
  const from = Array.from({ length: 20_000 }, (_, line) => `a${line}\n`).join('');
  const to = Array.from({ length: 20_000 }, (_, line) => `b${line}\n`).join('');
  const edits = diffText(from, to);
  assert.equal(applyEdits(from, edits), to);
  assert.equal(edits.length, 1);
});

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const unit of part) {
    at = whole.indexOf(unit, at);
    if (at < 0) return false;
    at += unit.length;
  }
  return true;
}
