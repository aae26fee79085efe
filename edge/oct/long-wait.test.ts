/** What waits long in an outbox takes no more memory than the outbox is weighed by, and is still what was said. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pack, unpack } from 'msgpackr';
import { CoreSession, connect, connectionOf, disconnect } from '../../test/support/oct-core.ts';
import type { RawMessage } from '../../test/support/oct-envelopes.ts';
import { takeSnapshot } from '../core/session-snapshot.ts';
import type { MemberId, Outgoing, RelayId } from '../core/session-state.ts';
import { commandOf } from './envelope-command.ts';
import { readEnvelope } from './envelope.ts';
import { KeyEntry } from './key-entry.ts';
import { OutgoingEncoder } from './outgoing.ts';

const receivers = Array.from({ length: 49 }, (_, i) => `guest-${i}`);
/** Of the chunks of an outbox the last two are as they came. */
const chunk = 64;
const recentMax = 2 * chunk;
const messages = 600;
const limits = { membersMax: 64, outboxMaxBytes: 16_777_216 };

/** As a client writes it, in memory of its own. */
function envelope(
  content: Uint8Array,
  keys = receivers.map((target) => ({ target, key: target.padEnd(684, '.'), iv: 'i'.repeat(24) })),
): Buffer {
  const metadata = { encryption: { keys }, compression: { algorithm: 'none' } };
  const packed = pack({ version: '0.3.0', kind: 'broadcast', metadata, content });
  const own = Buffer.allocUnsafeSlow(packed.length);
  packed.copy(own);
  return own;
}

/** guest-0 and guest-1 are away, and get each of these. */
function sessionWith(envelopes: readonly Buffer[]): CoreSession {
  const session = new CoreSession(limits);
  for (const name of ['ann', 'guest-0', 'guest-1']) session.apply(connect(name));
  for (const name of ['guest-0', 'guest-1']) session.apply(disconnect(name));
  for (const bytes of envelopes) {
    const command = commandOf(readEnvelope(bytes), connectionOf('ann'), () => 'r' as RelayId)!;
    assert.equal(command.kind, 'broadcast');
    session.apply(command);
  }
  return session;
}

function outboxOf(session: CoreSession, name: string) {
  const { outbox } = session.state.members.get(name as MemberId)!;
  return { bytes: outbox.bytes, waiting: outbox.chunks.flat().map(({ message }) => message) };
}

/** Bytes that all these messages keep from being freed. */
function heldBytes(waiting: readonly Outgoing[]): number {
  const held = new Set<ArrayBufferLike>();
  for (const message of waiting) {
    if (!('sealed' in message)) continue;
    held.add(message.sealed.content.buffer);
    assert.ok(message.key instanceof KeyEntry);
    held.add(message.key.bytes.buffer);
  }
  return [...held].reduce((sum, { byteLength }) => sum + byteLength, 0);
}

test('messages that wait long do not keep the keys of all other receivers', () => {
  const session = sessionWith(Array.from({ length: messages }, (_, i) => envelope(Buffer.alloc(200, i))));
  const { bytes, waiting } = outboxOf(session, 'guest-0');
  const recent = recentMax * envelope(Buffer.alloc(200)).length;
  assert.ok(waiting.length >= messages);
  const held = heldBytes(waiting);
  assert.ok(held < bytes + recent, `${held} bytes are held, ${bytes} weighed, ${recent} may be recent`);
  assert.ok(heldBytes(waiting.slice(0, -recentMax)) < bytes);
});

test('they are said as they were, each with its receiver’s key', () => {
  const contents = Array.from({ length: messages }, (_, i) => Buffer.alloc(20 + i, i));
  const session = sessionWith(contents.map((content) => envelope(content)));
  for (const name of ['guest-0', 'guest-1']) {
    const encoder = new OutgoingEncoder();
    const said = outboxOf(session, name)
      .waiting.filter(({ kind }) => kind === 'broadcast')
      .map((message) => unpack(Buffer.concat(encoder.encode(message, name as MemberId))) as RawMessage);
    assert.deepEqual(
      said.map(({ content }) => content),
      contents,
    );
    for (const { metadata } of said)
      assert.deepEqual(metadata.encryption.keys, [
        { target: name, key: name.padEnd(684, '.'), iv: 'i'.repeat(24) },
      ]);
  }
});

test('content that several wait for moves with the session once, but for what not all of them have waited for long', () => {
  const session = sessionWith(Array.from({ length: messages }, (_, i) => envelope(Buffer.alloc(200, i))));
  session.apply(disconnect('ann'));
  const { contents } = takeSnapshot(session.state, 0);
  assert.ok(contents.length >= messages && contents.length <= messages + chunk, `${contents.length}`);
});

test('a content that is nearly all of its message is not copied', () => {
  const content = Buffer.alloc(70_000, 1);
  const key = { target: 'guest-0', key: 'k'.repeat(684), iv: 'i'.repeat(24) };
  const whole = envelope(content, [key]);
  const session = sessionWith(Array.from({ length: 200 }, () => whole));
  for (const message of outboxOf(session, 'guest-0').waiting)
    if ('sealed' in message) assert.equal(message.sealed.content.buffer, whole.buffer);
});
