/** What is kept for a member, looked at from outside: its bounds, and the texts that a member makes of messages. */
import assert from 'node:assert/strict';
import { outboxMaxMessages } from '../../edge/core/outbox.ts';
import type { Outbox } from '../../edge/core/outbox.ts';
import type { Outgoing } from '../../edge/core/session-state.ts';

export function checkOutbox(outbox: Outbox<Outgoing>, maxBytes: number): void {
  const entries = outbox.chunks.flat();
  assert.deepEqual(
    entries.map(({ sequence }) => sequence),
    entries.map((_, i) => outbox.base + 1 + i),
    'what is kept has no hole',
  );
  assert.equal(outbox.base + entries.length, outbox.last);
  assert.equal(
    outbox.bytes,
    entries.reduce((total, { bytes }) => total + bytes, 0),
  );
  assert.ok(outbox.bytes <= maxBytes, 'what is kept is bounded');
  assert.ok(entries.length <= outboxMaxMessages);
}

/** What a member hears of the others; undefined for the rest. */
export function rosterOrContent(message: Outgoing): string | undefined {
  switch (message.kind) {
    case 'notification':
    case 'broadcast':
      return textOf(message.sealed.content);
    case 'identity':
      return `you are ${message.member.id}`;
    case 'member-joined':
    case 'member-left':
      return `${message.member.id} ${message.kind === 'member-left' ? 'left' : 'joined'}`;
    default:
      return undefined;
  }
}

export function textOf(content: Uint8Array): string {
  return new TextDecoder().decode(content);
}
