/**
 * What a message weighs in its receiver's outbox, and how it is kept so that it holds no more than that. As it comes, content
 * and key are views of all that its sender wrote, which has a key for everybody: 36 KB in a session of 50. While it is new
 * all receivers share that; for the few who do not confirm for long it is copied.
 */
import type { Outgoing, Sealed } from './session-state.ts';

/** What a message weighs besides its content: envelope, wrapped key or a member's public key. */
const envelopeBytes = 2_048;

export function weigh(message: Outgoing): number {
  return envelopeBytes + ('sealed' in message ? message.sealed.content.byteLength : 0);
}

/** Shared by all who wait for it, as it was before. */
const copies = new WeakMap<Sealed, Sealed>();

/** The same message, apart from what its sender wrote beside it; as it is where it holds hardly more than it weighs. */
export function keepApart(message: Outgoing): Outgoing {
  if (!('sealed' in message)) return message;
  if (message.sealed.content.buffer.byteLength <= weigh(message)) return message;
  return { ...message, key: message.key.detach?.() ?? message.key, sealed: copyOf(message.sealed) };
}

function copyOf(sealed: Sealed): Sealed {
  const known = copies.get(sealed);
  if (known !== undefined) return known;
  const copy = { ...sealed, content: new Uint8Array(sealed.content) };
  copies.set(sealed, copy);
  return copy;
}
