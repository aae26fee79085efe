/** Our reading and writing of messages against the protocol’s own library, and against hostile bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDecoder, readVarUint, readVarUint8Array } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarUint, writeVarUint8Array } from 'lib0/encoding';
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { readSyncMessage, writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync';
import { Doc, encodeStateAsUpdate, encodeStateVector } from 'yjs';
import {
  decodeMessage,
  encodeAnswerMessage,
  encodeAwarenessMessage,
  encodeStateVectorMessage,
  encodeUpdateMessage,
} from './message.ts';

function docWith(text: string): Doc {
  const doc = new Doc();
  doc.getText('text').insert(0, text);
  return doc;
}

test('messages of the protocol’s own library are read', () => {
  const doc = docWith('hello');
  const update = encodeStateAsUpdate(doc);
  const encodeSync = (write: (encoder: ReturnType<typeof createEncoder>) => void): Uint8Array => {
    const encoder = createEncoder();
    writeVarUint(encoder, 0);
    write(encoder);
    return toUint8Array(encoder);
  };
  const step1 = encodeSync((encoder) => writeSyncStep1(encoder, doc));
  assert.deepEqual(decodeMessage(step1), { kind: 'state-vector', bytes: encodeStateVector(doc) });
  const step2 = encodeSync((encoder) => writeSyncStep2(encoder, doc));
  assert.deepEqual(decodeMessage(step2), { kind: 'update', bytes: update });
  const edit = encodeSync((encoder) => writeUpdate(encoder, update));
  assert.deepEqual(decodeMessage(edit), { kind: 'update', bytes: update });
  assert.deepEqual(decodeMessage(Uint8Array.of(3)), { kind: 'awareness-query' });
  assert.deepEqual(decodeMessage(Uint8Array.of(2, 0, 0)), { kind: 'ignored' });
});

test('the protocol’s own library reads our messages', () => {
  const source = docWith('hello');
  const target = new Doc();
  const update = encodeStateAsUpdate(source);
  for (const message of [encodeUpdateMessage(update), encodeAnswerMessage(update)]) {
    const decoder = createDecoder(message);
    assert.equal(readVarUint(decoder), 0);
    readSyncMessage(decoder, createEncoder(), target, 'test');
  }
  assert.equal(target.getText('text').toJSON(), 'hello');

  const decoder = createDecoder(encodeStateVectorMessage(encodeStateVector(source)));
  const answer = createEncoder();
  readVarUint(decoder);
  assert.equal(readSyncMessage(decoder, answer, source, 'test'), 0);
});

test('awareness goes both ways between the protocol’s own library and us', () => {
  const ann = new Awareness(new Doc());
  ann.setLocalState({ name: 'ann' });
  const encoder = createEncoder();
  writeVarUint(encoder, 1);
  writeVarUint8Array(encoder, encodeAwarenessUpdate(ann, [ann.clientID]));
  const message = decodeMessage(toUint8Array(encoder));
  assert.deepEqual(message, {
    kind: 'awareness',
    entries: [{ client: ann.clientID, clock: 1, state: '{"name":"ann"}' }],
  });

  const bob = new Awareness(new Doc());
  const decoder = createDecoder(encodeAwarenessMessage(message?.kind === 'awareness' ? message.entries : []));
  assert.equal(readVarUint(decoder), 1);
  applyAwarenessUpdate(bob, readVarUint8Array(decoder), 'test');
  assert.deepEqual(bob.getStates().get(ann.clientID), { name: 'ann' });
  ann.destroy();
  bob.destroy();
});

const malformed: readonly (readonly [string, readonly number[]])[] = [
  ['nothing', []],
  ['an unknown type', [9]],
  ['a type without end', [0x80, 0x80]],
  ['a number out of range', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]],
  ['sync without a step', [0]],
  ['an unknown sync step', [0, 3, 0]],
  ['an update that is shorter than it says', [0, 2, 5, 1, 2]],
  ['awareness that is shorter than it says', [1, 4, 0]],
  ['awareness with fewer clients than it says', [1, 1, 200]],
  ['awareness that is no JSON', [1, 6, 1, 7, 1, 2, 0x7b, 0x7b]],
];

for (const [what, bytes] of malformed) {
  test(`${what} is no message`, () => {
    assert.equal(decodeMessage(Uint8Array.from(bytes)), undefined);
  });
}

test('no bytes make the reader throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.integer({ min: 0, max: 4 }), (bytes, type) => {
      decodeMessage(bytes);
      decodeMessage(Uint8Array.of(type, ...bytes));
    }),
  );
});
