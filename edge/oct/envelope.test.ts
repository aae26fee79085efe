/** Envelopes: what members may send is read in full, all else is refused, content passes unread and unchanged. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { pack, unpack } from 'msgpackr';
import type { MemberId, MemberProfile, Outgoing, RelayId, SealKey } from '../core/session-state.ts';
import { readEnvelope } from './envelope.ts';
import type { Envelope } from './envelope.ts';
import { OutgoingEncoder } from './outgoing.ts';

const refused: Envelope = { kind: 'refused' };
const content = new Uint8Array([1, 2, 3]);
const bob = 'bob' as MemberId;
const key = { key: 'wrapped', iv: 'iv' };

function metadataFor(...targets: readonly string[]): object {
  return {
    encryption: { keys: targets.map((target) => ({ target, ...key })) },
    compression: { algorithm: 'gzip' },
  };
}

/** As clients seal it; `fields` replace or, where undefined, stay as undefined. */
function sealed(fields: object): object {
  return { version: '0.3.1', metadata: metadataFor('bob'), content, ...fields };
}

function plain(fields: object): object {
  return { version: '0.3.0', metadata: metadataFor(), content: {}, ...fields };
}

/** With keys as they read, however they are kept. */
function read(envelope: unknown): Envelope {
  const taken = readEnvelope(Uint8Array.from(pack(envelope)));
  if (!('keys' in taken)) return taken;
  return { ...taken, keys: new Map([...taken.keys].map(([target, { key, iv }]) => [target, { key, iv }])) };
}

const keys = new Map([[bob, key]]);
const seal = { version: '0.3.1', compression: 'gzip', content };

test('each kind of sealed message is read with its keys and its content', () => {
  assert.deepEqual(read(sealed({ kind: 'request', id: 4, target: 'bob' })), {
    kind: 'request',
    id: 4,
    target: bob,
    keys,
    sealed: seal,
  });
  for (const [kind, isError] of [
    ['response', false],
    ['response-error', true],
  ] as const)
    assert.deepEqual(read(sealed({ kind, id: 'r' })), {
      kind: 'answer',
      id: 'r',
      isError,
      keys,
      sealed: seal,
    });
  assert.deepEqual(read(sealed({ kind: 'notification', target: 'bob' })), {
    kind: 'notification',
    target: bob,
    keys,
    sealed: seal,
  });
  assert.deepEqual(read(sealed({ kind: 'broadcast' })), { kind: 'broadcast', keys, sealed: seal });
});

test('what members say to the server is plain: an answer to a question of ours, and goodbye', () => {
  const response = { workspace: { name: 'w', folders: [] } };
  const answer = read(plain({ kind: 'response', id: 'q', content: { response } }));
  assert.equal(answer.kind, 'plain-answer');
  assert.deepEqual(structuredClone(answer), { kind: 'plain-answer', id: 'q', response });
  const refusal = read(plain({ kind: 'response-error', id: 'q', content: { message: 'no' } }));
  assert.deepEqual(refusal, { kind: 'plain-answer', id: 'q', response: undefined });
  const leave = { kind: 'notification', target: '', content: { method: 'room/leave' } };
  assert.deepEqual(read(plain(leave)), { kind: 'leave' });
});

test('a request that no member can be asked still has an id, so that its sender hears of the failure', () => {
  const toServer = read(plain({ kind: 'request', id: 4, target: '', content: { method: 'x' } }));
  assert.ok(toServer.kind === 'request' && toServer.id === 4 && toServer.keys.size === 0);
  const toNobody = read(sealed({ kind: 'request', id: 5 }));
  assert.ok(toNobody.kind === 'request' && toNobody.id === 5 && toNobody.target === '');
});

const refusals: readonly (readonly [string, unknown])[] = [
  ['no envelope', 'text'],
  ['a list', [1, 2]],
  ['bytes', content],
  ['nothing', null],
  ['no version', sealed({ kind: 'broadcast', version: undefined })],
  ['a version that clients do not take', sealed({ kind: 'broadcast', version: '0.4.0' })],
  ['a version with more behind it', sealed({ kind: 'broadcast', version: '0.3.0\n' })],
  ['no metadata', sealed({ kind: 'broadcast', metadata: undefined })],
  [
    'no list of keys',
    sealed({ kind: 'broadcast', metadata: { encryption: {}, compression: { algorithm: '' } } }),
  ],
  ['no compression', sealed({ kind: 'broadcast', metadata: { encryption: { keys: [] } } })],
  ['a key for nobody', sealed({ kind: 'broadcast', metadata: metadataFor('') })],
  ['a key for an endless name', sealed({ kind: 'broadcast', metadata: metadataFor('x'.repeat(129)) })],
  ['an unknown kind', sealed({ kind: 'shout' })],
  ['no kind', sealed({})],
  ['a request without an id', sealed({ kind: 'request', target: 'bob' })],
  ['an id that is no number', sealed({ kind: 'request', id: Number.NaN, target: 'bob' })],
  ['an endless id', sealed({ kind: 'request', id: 'x'.repeat(129), target: 'bob' })],
  ['an answer to a number, which we never send', sealed({ kind: 'response', id: 4 })],
  ['a notification to nobody', sealed({ kind: 'notification', target: '' })],
  ['a plain broadcast', plain({ kind: 'broadcast', content: { method: 'room/closed' } })],
  ['a plain notification to a member', plain({ kind: 'notification', target: 'bob', content: {} })],
  ['a plain answer without an id', plain({ kind: 'response', content: {} })],
];

for (const [name, envelope] of refusals) {
  test(`refused: ${name}`, () => assert.deepEqual(read(envelope), refused));
}

test('whatever the bytes, an envelope comes out, and most often a refusal', () => {
  const part = fc.anything({ maxDepth: 2, withBigInt: false });
  const fields = fc.record(
    {
      version: fc.oneof(fc.constant('0.3.0'), part),
      kind: fc.constantFrom('request', 'response', 'response-error', 'notification', 'broadcast', 'error'),
      id: fc.oneof(fc.integer(), fc.string(), part),
      target: fc.oneof(fc.constant(''), fc.constant('bob'), part),
      metadata: fc.oneof(fc.constant(metadataFor('bob')), part),
      content: fc.oneof(fc.uint8Array(), part),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fields.map((envelope) => pack(envelope)),
        fc.uint8Array(),
      ),
      (bytes) => {
        assert.equal(typeof readEnvelope(bytes).kind, 'string');
      },
    ),
    { numRuns: 2_000 },
  );
});

test('a message that is cut short at any byte is refused', () => {
  const bytes = pack(sealed({ kind: 'request', id: 4, target: 'bob' }));
  for (let length = 0; length < bytes.length; length++)
    assert.deepEqual(readEnvelope(bytes.subarray(0, length)), refused);
});

test('a message for ten thousand receivers is read', () => {
  const targets = Array.from({ length: 10_000 }, (_, i) => `member-${i}`);
  const envelope = read(sealed({ kind: 'broadcast', metadata: metadataFor(...targets) }));
  assert.ok(envelope.kind === 'broadcast' && envelope.keys.size === 10_000);
});

const text = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '/', 'é', '漢', '😀'), maxLength: 30 });
const ascii = fc.string({ unit: fc.constantFrom('a', 'Z', '0', '/', '='), maxLength: 4_200 });

test('a key reads the same and is passed on, whether its entry is as clients write it or in any other order', () => {
  const entry = fc.record({
    target: text.filter((target) => target !== ''),
    key: fc.oneof(text, ascii),
    iv: fc.oneof(text, ascii),
  });
  const encoder = new OutgoingEncoder();
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ target }) => target, minLength: 1 }), (entries) => {
      const orders = [
        entries,
        entries.map(({ target, key, iv }) => ({ iv, key, target })),
        entries.map((all) => ({ ...all, more: 1 })),
      ].map((keys) => ({ encryption: { keys }, compression: { algorithm: 'none' } }));
      const isTaken = entries.every(({ key, iv }) => key.length <= 4_096 && iv.length <= 64);
      for (const metadata of orders) {
        const envelope = readEnvelope(pack(sealed({ kind: 'broadcast', metadata })));
        assert.equal(envelope.kind, isTaken ? 'broadcast' : 'refused');
        if (envelope.kind !== 'broadcast') continue;
        assert.equal(envelope.keys.size, entries.length);
        for (const { target, key, iv } of entries) {
          const to = target as MemberId;
          const kept: SealKey = envelope.keys.get(to)!;
          assert.deepEqual({ key: kept.key, iv: kept.iv }, { key, iv });
          const message: Outgoing = {
            kind: 'broadcast',
            origin: bob,
            key: kept,
            sealed: envelope.sealed,
          };
          const sent = unpack(Buffer.concat(encoder.encode(message, to))) as { metadata: unknown };
          assert.deepEqual(sent.metadata, {
            encryption: { keys: [{ target, key, iv }] },
            compression: { algorithm: 'none' },
          });
        }
      }
    }),
  );
});

test('content goes through reading and writing byte by byte, with the key of its receiver alone', () => {
  const encoder = new OutgoingEncoder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70_000, size: 'max' }), (content) => {
      const metadata = metadataFor('ann', 'bob', 'cid');
      const envelope = read(sealed({ kind: 'broadcast', content, metadata }));
      assert.ok(envelope.kind === 'broadcast');
      const message: Outgoing = {
        kind: 'broadcast',
        origin: 'eve' as MemberId,
        key: envelope.keys.get(bob)!,
        sealed: envelope.sealed,
      };
      const sent = unpack(Buffer.concat(encoder.encode(message, bob))) as Record<string, unknown>;
      assert.deepEqual(sent, {
        version: '0.3.1',
        metadata: metadataFor('bob'),
        content: Buffer.from(content),
        kind: 'broadcast',
        origin: 'eve',
      });
    }),
    { numRuns: 50 },
  );
});

test('what goes to all alike is encoded once, what is for one receiver is not', () => {
  const encoder = new OutgoingEncoder();
  const member: MemberProfile = {
    id: bob,
    user: { id: 'u', name: 'Bob' },
    isHost: false,
    publicKey: 'public',
    compressions: ['gzip'],
  };
  const joined: Outgoing = { kind: 'member-joined', member };
  assert.equal(encoder.encode(joined, 'ann' as MemberId), encoder.encode(joined, 'cid' as MemberId));
  const question: Outgoing = { kind: 'join-question', id: 'q' as RelayId, user: member.user };
  const sent = unpack(Buffer.concat(encoder.encode(question, 'ann' as MemberId))) as { target: string };
  assert.equal(sent.target, 'ann');
});
