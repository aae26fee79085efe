/** Envelopes of the Open Collaboration Protocol as the clients of a simulation write and read them. */
import { Packr } from 'msgpackr';

const packr = new Packr({ useRecords: false });
const decoder = new TextDecoder();
const encoder = new TextEncoder();

interface Envelope {
  readonly kind: string;
  readonly id?: string | number;
  readonly origin?: string;
  readonly metadata: { readonly encryption: { readonly keys: readonly SealedKey[] } };
  readonly content: Uint8Array | PlainContent;
}

interface SealedKey {
  readonly target: string;
  readonly key: string;
}

interface PlainContent {
  readonly method?: string;
  readonly params?: readonly { readonly id?: string; readonly name?: string; readonly code?: string }[];
}

export interface HeardEnvelope {
  readonly kind: string;
  readonly id: string | number | undefined;
  readonly origin: string | undefined;
  /** Of sealed content. */
  readonly text: string | undefined;
  readonly keys: readonly SealedKey[];
  readonly plain: PlainContent | undefined;
}

export function readHeard(bytes: Uint8Array): HeardEnvelope {
  const { kind, id, origin, metadata, content } = packr.unpack(bytes) as Envelope;
  const isSealed = content instanceof Uint8Array;
  return {
    kind,
    id,
    origin,
    text: isSealed ? decoder.decode(content).trimEnd() : undefined,
    keys: metadata.encryption.keys,
    plain: isSealed ? undefined : content,
  };
}

/** A sealed envelope; its content is padded to `size`. */
export function seal(fields: object, targets: readonly string[], text: string, size = 0): Uint8Array {
  const keys = targets.map((target) => ({ target, key: `key of ${target}`, iv: 'iv' }));
  return packr.pack({
    version: '0.3.1',
    metadata: { encryption: { keys }, compression: { algorithm: 'none' } },
    content: encoder.encode(text.padEnd(size)),
    ...fields,
  });
}

export function plain(fields: object, content: object): Uint8Array {
  return packr.pack({
    version: '0.3.1',
    metadata: { encryption: { keys: [] }, compression: { algorithm: 'none' } },
    content,
    ...fields,
  });
}
