/** Messages of the line between front door and edge: they arrive as they were sent, however the bytes are cut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HandoffReader, encodeHandoff, handoffMessageMaxBytes } from './handoff-frames.ts';
import type { HandoffMessage } from './handoff-frames.ts';

const u32 = fc.nat({ max: 0xffff_ffff });
const latin1 = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)) });
const bytes = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const record: typeof fc.record = (model: object) => fc.record(model, { noNullPrototype: true }) as never;
const messages: fc.Arbitrary<HandoffMessage> = fc.oneof(
  record({ kind: fc.constant('greeting' as const), secret: latin1 }),
  record({ kind: fc.constant('welcome' as const) }),
  record({ kind: fc.constantFrom('taken' as const, 'unclaimed' as const), number: u32 }),
  record({ kind: fc.constant('ended' as const), number: u32, status: u32, up: bytes, down: bytes }),
  record({
    kind: fc.constant('give' as const),
    number: u32,
    idleMs: u32,
    exchangeId: latin1,
    fields: latin1,
    early: fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
  }),
);

test('messages arrive as they were sent, wherever the reads end', () => {
  fc.assert(
    fc.property(fc.array(messages), fc.array(fc.integer({ min: 1, max: 40 })), (sent, cuts) => {
      const all = Buffer.concat(sent.map((message) => encodeHandoff(message)));
      const reader = new HandoffReader();
      const read: (HandoffMessage | undefined)[] = [];
      let at = 0;
      for (const length of [...cuts, all.length]) {
        // What a reader is given is overwritten after the call.
        const chunk = Buffer.from(all.subarray(at, at + length));
        read.push(...reader.read(chunk));
        chunk.fill(0xff);
        at += length;
      }
      assert.deepEqual(read, sent);
    }),
  );
});

test('what is no message is told as such, and nothing behind it is read', () => {
  const welcome = encodeHandoff({ kind: 'welcome' });
  const taken = encodeHandoff({ kind: 'taken', number: 1 });
  const unknown = Buffer.from([1, 0, 0, 0, 99]);
  const empty = Buffer.from([0, 0, 0, 0, 0]);
  const huge = Buffer.alloc(5);
  huge.writeUInt32LE(handoffMessageMaxBytes);
  const short = Buffer.from(taken.subarray(0, 8));
  short.writeUInt32LE(4);
  for (const bad of [unknown, empty, huge, short]) {
    const read = new HandoffReader().read(Buffer.concat([welcome, bad, welcome]));
    assert.deepEqual(read, [{ kind: 'welcome' }, undefined]);
  }
});

test('a give whose lengths do not fit its bytes is none', () => {
  const give = encodeHandoff({
    kind: 'give',
    number: 1,
    idleMs: 1_000,
    exchangeId: 'exchange',
    fields: '',
    early: Buffer.alloc(0),
  });
  const lying = Buffer.from(give);
  lying.writeUInt32LE(0xffff_ffff, 5 + 8);
  assert.deepEqual(new HandoffReader().read(lying), [undefined]);
});
