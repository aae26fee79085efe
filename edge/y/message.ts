/**
 * The messages that y-websocket's clients speak, as bytes: type, then sync step or awareness update. Reads
 * without trust: what cannot be a message is undefined, and nothing here throws.
 */
import { createDecoder, readVarString, readVarUint, readVarUint8Array } from 'lib0/decoding';
import type { Decoder } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarString, writeVarUint, writeVarUint8Array } from 'lib0/encoding';
import { messageYjsSyncStep1, messageYjsSyncStep2, messageYjsUpdate } from 'y-protocols/sync';

/** One client's presence: `state` is JSON, `absentState` for a client that is away. */
export interface AwarenessEntry {
  readonly client: number;
  readonly clock: number;
  readonly state: string;
}

export type ClientMessage =
  | { readonly kind: 'state-vector'; readonly bytes: Uint8Array }
  | { readonly kind: 'update'; readonly bytes: Uint8Array }
  | { readonly kind: 'awareness'; readonly entries: readonly AwarenessEntry[] }
  | { readonly kind: 'awareness-query' }
  | { readonly kind: 'ignored' };

const messageType = { sync: 0, awareness: 1, auth: 2, awarenessQuery: 3 } as const;
export const absentState = 'null';

export function decodeMessage(bytes: Uint8Array): ClientMessage | undefined {
  try {
    return readMessage(createDecoder(bytes));
  } catch {
    // lib0 throws where the bytes end too early or hold a number out of range.
    return undefined;
  }
}

export function encodeStateVectorMessage(stateVector: Uint8Array): Uint8Array {
  return encodeSync(messageYjsSyncStep1, stateVector);
}

/** The answer to a client's state vector. */
export function encodeAnswerMessage(update: Uint8Array): Uint8Array {
  return encodeSync(messageYjsSyncStep2, update);
}

export function encodeUpdateMessage(update: Uint8Array): Uint8Array {
  return encodeSync(messageYjsUpdate, update);
}

export function encodeAwarenessMessage(entries: readonly AwarenessEntry[]): Uint8Array {
  const update = createEncoder();
  writeVarUint(update, entries.length);
  for (const { client, clock, state } of entries) {
    writeVarUint(update, client);
    writeVarUint(update, clock);
    writeVarString(update, state);
  }
  const encoder = createEncoder();
  writeVarUint(encoder, messageType.awareness);
  writeVarUint8Array(encoder, toUint8Array(update));
  return toUint8Array(encoder);
}

function encodeSync(step: number, bytes: Uint8Array): Uint8Array {
  const encoder = createEncoder();
  writeVarUint(encoder, messageType.sync);
  writeVarUint(encoder, step);
  writeVarUint8Array(encoder, bytes);
  return toUint8Array(encoder);
}

function readMessage(decoder: Decoder): ClientMessage | undefined {
  switch (readVarUint(decoder)) {
    case messageType.sync:
      return readSync(decoder);
    case messageType.awareness:
      return { kind: 'awareness', entries: readAwareness(createDecoder(readVarUint8Array(decoder))) };
    case messageType.auth:
      return { kind: 'ignored' };
    case messageType.awarenessQuery:
      return { kind: 'awareness-query' };
    default:
      return undefined;
  }
}

function readSync(decoder: Decoder): ClientMessage | undefined {
  const step = readVarUint(decoder);
  const bytes = readVarUint8Array(decoder);
  switch (step) {
    case messageYjsSyncStep1:
      return { kind: 'state-vector', bytes };
    case messageYjsSyncStep2:
    case messageYjsUpdate:
      return { kind: 'update', bytes };
    default:
      return undefined;
  }
}

function readAwareness(decoder: Decoder): AwarenessEntry[] {
  const entries: AwarenessEntry[] = [];
  for (let left = readVarUint(decoder); left > 0; left--) {
    const client = readVarUint(decoder);
    const clock = readVarUint(decoder);
    const state = readVarString(decoder);
    // The other members parse it without a guard: what is no JSON would break their handlers.
    const isAbsent = JSON.parse(state) === null;
    entries.push({ client, clock, state: isAbsent ? absentState : state });
  }
  return entries;
}
