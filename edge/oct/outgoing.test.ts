/** A broadcast is written once for all and still is, for each receiver, the envelope that it would be by itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packr } from 'msgpackr';
import fc from 'fast-check';
import type { MemberId, Outgoing } from '../core/session-state.ts';
import { OutgoingEncoder } from './outgoing.ts';

const packr = new Packr({ useRecords: false });
const text = fc.string({ maxLength: 40 });
const broadcast = fc.record({
  origin: text,
  version: text,
  compression: text,
  // Some larger than what is kept from one receiver to the next.
  content: fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.constant(new Uint8Array(70_000))),
  receivers: fc.array(fc.record({ to: text, key: text, iv: text }), { minLength: 1, maxLength: 8 }),
});

test('each receiver of broadcasts that take turns gets its own envelope with its own key alone', () => {
  fc.assert(
    fc.property(fc.array(broadcast, { minLength: 1, maxLength: 4 }), (broadcasts) => {
      const encoder = new OutgoingEncoder();
      for (const { origin, version, compression, content, receivers } of [...broadcasts, broadcasts[0]!]) {
        const sealed = { version, compression, content };
        for (const { to, key, iv } of receivers) {
          const message: Outgoing = {
            kind: 'broadcast',
            origin: origin as MemberId,
            key: { key, iv },
            sealed,
          };
          const expected = packr.pack({
            version,
            metadata: {
              encryption: { keys: [{ target: to, key, iv }] },
              compression: { algorithm: compression },
            },
            content,
            kind: 'broadcast',
            origin,
          });
          assert.ok(Buffer.concat(encoder.encode(message, to as MemberId)).equals(expected));
        }
      }
    }),
  );
});
