/** Lines on their way out: kept in order while a target is slow, dropped and counted beyond the bound, never waited for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LogSink } from './log-sink.ts';
import type { LogTarget } from './log-sink.ts';

const heldMaxBytes = 1_048_576;

/** Takes so many bytes a write as it is told; refuses with `fault` while there is one. */
class FakeTarget implements LogTarget {
  readonly pieceMaxBytes: number;
  #taken: Buffer[] = [];
  takesMaxBytes = Infinity;
  fault: string | undefined;

  constructor(pieceMaxBytes = 4_096) {
    this.pieceMaxBytes = pieceMaxBytes;
  }

  get taken(): string {
    return Buffer.concat(this.#taken).toString('utf8');
  }

  write(bytes: Buffer): number {
    if (this.fault !== undefined) throw Object.assign(new Error(this.fault), { code: this.fault });
    assert.ok(bytes.length <= this.pieceMaxBytes);
    const part = bytes.subarray(0, this.takesMaxBytes);
    this.#taken.push(Buffer.from(part));
    return part.length;
  }

  reopen(): void {
    // It is no file.
  }
}

interface Dropped {
  readonly lines: number;
  readonly cause: string;
}

function openSink(target: FakeTarget): { sink: LogSink; dropped: Dropped[] } {
  const dropped: Dropped[] = [];
  return {
    sink: new LogSink(target, heldMaxBytes, (lines, cause) => dropped.push({ lines, cause })),
    dropped,
  };
}

test('lines come out whole and in order, also where a target takes a few bytes at a time', async () => {
  const target = new FakeTarget();
  target.takesMaxBytes = 7;
  const { sink, dropped } = openSink(target);
  const lines = Array.from({ length: 500 }, (_, i) => `line ${i} äöü\n`);
  for (const line of lines) assert.equal(sink.add(line), true);
  await sink.flush();
  assert.equal(target.taken, lines.join(''));
  assert.deepEqual(dropped, []);
});

test('a piece ends with a line, unless a line is longer than a piece', async () => {
  const target = new FakeTarget(16);
  const { sink } = openSink(target);
  sink.add('short\n');
  sink.add(`${'long'.repeat(20)}\n`);
  sink.add('short\n');
  await sink.flush();
  assert.equal(target.taken, `short\n${'long'.repeat(20)}\nshort\n`);
});

test('while nobody takes lines they are held to the bound, then dropped; the count is told once when it goes on', async () => {
  const target = new FakeTarget(65_536);
  target.fault = 'ENOSPC';
  const { sink, dropped } = openSink(target);
  const line = `${'x'.repeat(1_023)}\n`;
  let kept = 0;
  const given = (heldMaxBytes / 1_024) * 2;
  for (let i = 0; i < given; i++) kept += sink.add(line) ? 1 : 0;
  assert.ok(kept * 1_024 >= heldMaxBytes && kept * 1_024 < heldMaxBytes * 1.1, `${kept} lines`);
  assert.equal(sink.droppedLines, given - kept);
  target.fault = undefined;
  while (dropped.length === 0) await sink.flush();
  assert.deepEqual(dropped, [{ lines: given - kept, cause: 'ENOSPC' }]);
  await sink.flush();
  assert.equal(target.taken.length, kept * 1_024);
  assert.equal(sink.add(line), true, 'it goes on');
  await sink.flush();
  assert.deepEqual(dropped.length, 1);
});

test('lines for a reader that is gone are dropped at once', async () => {
  const target = new FakeTarget();
  target.fault = 'EPIPE';
  const { sink, dropped } = openSink(target);
  for (let i = 0; i < 10; i++) sink.add('line\n');
  await sink.flush();
  assert.deepEqual(dropped, [{ lines: 10, cause: 'EPIPE' }]);
});

test('the end of a process waits half a second for a target that takes nothing, and no longer', async () => {
  const target = new FakeTarget();
  target.fault = 'EAGAIN';
  const { sink } = openSink(target);
  sink.add('line\n');
  await sink.flush();
  assert.equal(target.taken, '');
});
