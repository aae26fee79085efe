/**
 * Envelopes of the Open Collaboration Protocol as members send them: decodes what the relay needs and
 * refuses the rest. Sealed content stays a view of the received bytes.
 */
import type { MemberId, RelayId, RequestId, Sealed, SealKey, SealKeys } from '../core/session-state.ts';
import { KeyEntry } from './key-entry.ts';
import { unpack } from './msgpack.ts';
import type { Unpacked } from './msgpack.ts';

export type Envelope =
  | { kind: 'request'; id: RequestId; target: MemberId; keys: SealKeys; sealed: Sealed }
  | { kind: 'answer'; id: RelayId; isError: boolean; keys: SealKeys; sealed: Sealed }
  | { kind: 'notification'; target: MemberId; keys: SealKeys; sealed: Sealed }
  | { kind: 'broadcast'; keys: SealKeys; sealed: Sealed }
  /** Plain answer to a question of ours; no response in it, or an error, is a refusal. */
  | { kind: 'plain-answer'; id: RelayId; response: Unpacked }
  | { kind: 'leave' }
  | { kind: 'refused' };

type Fields = { readonly [name: string]: Unpacked };

const refused: Envelope = { kind: 'refused' };
/** Stands in a request that no member can be asked, so that its sender gets the failure and waits no longer. */
const nobody = '' as MemberId;
const noKeys: SealKeys = new Map();
const nothing: Sealed = { version: '0.3.0', compression: 'none', content: new Uint8Array() };
/** The same rule as the clients': below 1.0 the minor version must agree. */
const versionPattern = /^0\.3\.\d{1,9}([-+][0-9A-Za-z.+-]{1,32})?$/;
const idMaxLength = 128;
const algorithmMaxLength = 32;
/** Base64 of a key wrapped with RSA of 16,384 bits is 2,732 characters. */
const wrappedKeyMaxLength = 4_096;
const ivMaxLength = 64;

export function readEnvelope(bytes: Uint8Array): Envelope {
  const unpacked = unpack(bytes);
  if (unpacked.kind === 'malformed' || !isFields(unpacked.value)) return refused;
  const fields = unpacked.value;
  const { version } = fields;
  if (typeof version !== 'string' || !versionPattern.test(version)) return refused;
  const metadata = readMetadata(fields['metadata']);
  if (metadata === undefined) return refused;
  const { content } = fields;
  if (!(content instanceof Uint8Array)) return readPlain(fields);
  return readSealed(fields, metadata.keys, { version, compression: metadata.compression, content });
}

function readSealed(fields: Fields, keys: SealKeys, sealed: Sealed): Envelope {
  const id = readId(fields['id']);
  const target = readTarget(fields['target']);
  switch (fields['kind']) {
    case 'request':
      return id === undefined ? refused : { kind: 'request', id, target: target ?? nobody, keys, sealed };
    case 'response':
    case 'response-error': {
      const isError = fields['kind'] === 'response-error';
      return typeof id === 'string' ? { kind: 'answer', id: id as RelayId, isError, keys, sealed } : refused;
    }
    case 'notification':
      return target === undefined ? refused : { kind: 'notification', target, keys, sealed };
    case 'broadcast':
      return { kind: 'broadcast', keys, sealed };
    default:
      return refused;
  }
}

/** Members talk to each other sealed; plain is only what they say to us. */
function readPlain(fields: Fields): Envelope {
  const id = readId(fields['id']);
  const content = isFields(fields['content']) ? fields['content'] : {};
  switch (fields['kind']) {
    case 'request':
      return id === undefined
        ? refused
        : { kind: 'request', id, target: nobody, keys: noKeys, sealed: nothing };
    case 'response':
    case 'response-error':
      if (typeof id !== 'string') return refused;
      return { kind: 'plain-answer', id: id as RelayId, response: content['response'] };
    case 'notification':
      return fields['target'] === '' && content['method'] === 'room/leave' ? { kind: 'leave' } : refused;
    default:
      return refused;
  }
}

function readMetadata(metadata: Unpacked): { keys: SealKeys; compression: string } | undefined {
  if (!isFields(metadata)) return undefined;
  const { encryption, compression } = metadata;
  if (!isFields(encryption) || !isFields(compression)) return undefined;
  const algorithm = readText(compression['algorithm'], algorithmMaxLength);
  const keys = readKeys(encryption['keys']);
  return algorithm === undefined || keys === undefined ? undefined : { keys, compression: algorithm };
}

function readKeys(list: Unpacked): SealKeys | undefined {
  if (!Array.isArray(list)) return undefined;
  const keys = new Map<MemberId, SealKey>();
  for (const entry of list as readonly Unpacked[]) {
    const target = isFields(entry) || entry instanceof KeyEntry ? readTarget(entry['target']) : undefined;
    const key = entry instanceof KeyEntry ? takeEntry(entry) : readKey(entry);
    if (target === undefined || key === undefined) return undefined;
    keys.set(target, key);
  }
  return keys;
}

function takeEntry(entry: KeyEntry): SealKey | undefined {
  return entry.keyLength <= wrappedKeyMaxLength && entry.ivLength <= ivMaxLength ? entry : undefined;
}

function readKey(entry: Unpacked): SealKey | undefined {
  if (!isFields(entry)) return undefined;
  const key = readText(entry['key'], wrappedKeyMaxLength);
  const iv = readText(entry['iv'], ivMaxLength);
  return key === undefined || iv === undefined ? undefined : { key, iv };
}

function readId(id: Unpacked): RequestId | undefined {
  if (typeof id === 'number') return Number.isFinite(id) ? id : undefined;
  return readText(id, idMaxLength);
}

function readTarget(target: Unpacked): MemberId | undefined {
  const text = readText(target, idMaxLength);
  return text === undefined || text === '' ? undefined : (text as MemberId);
}

function readText(value: Unpacked, maxLength: number): string | undefined {
  return typeof value === 'string' && value.length <= maxLength ? value : undefined;
}

function isFields(value: Unpacked): value is Fields {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Uint8Array) &&
    !(value instanceof KeyEntry)
  );
}
