/**
 * The identities that travel through the whole system, as branded types, so that an edge's id is never
 * taken for a key. Nothing else lives here: each brand has one way in, a parser or a directory row.
 */
declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** The `ctstickiness` value: 1 to 128 characters of `[A-Za-z0-9._~-]`; for our own edges it is the session id. */
export type AffinityKey = Branded<string, 'AffinityKey'>;
/** Name of one worker of the pool, chosen by its administrator; the same rules as a key, 64 characters at most. */
export type EdgeId = Branded<string, 'EdgeId'>;
/** Boot number of an edge id, given by the directory, starts at 1. */
export type Incarnation = Branded<number, 'Incarnation'>;
/** Fencing number from one global sequence; rises whenever a pin changes owner and is never reused. */
export type Epoch = Branded<number, 'Epoch'>;
/** Of a key that was placed without the directory: below all that it gives, and no pin's. */
export const provisionalEpoch = 1 as Epoch;

const keyPattern = /^[A-Za-z0-9._~-]{1,128}$/;
const edgeIdPattern = /^[A-Za-z0-9._-]{1,64}$/;

/** Returns the key, or undefined where the text is not one. */
export function parseAffinityKey(text: string): AffinityKey | undefined {
  return keyPattern.test(text) ? (text as AffinityKey) : undefined;
}

/** Returns the edge id, or undefined where the text is not one. */
export function parseEdgeId(text: string): EdgeId | undefined {
  return edgeIdPattern.test(text) ? (text as EdgeId) : undefined;
}

/** Returns the epoch written in decimal, or undefined; 0 is never a valid epoch. */
export function parseEpoch(text: string): Epoch | undefined {
  const value = parsePositiveInteger(text);
  return value === undefined ? undefined : (value as Epoch);
}

/** `edge:incarnation`, the form in which an owner travels in internal headers. */
export function formatOwner(edgeId: EdgeId, incarnation: Incarnation): string {
  return `${edgeId}:${incarnation}`;
}

function parsePositiveInteger(text: string): number | undefined {
  if (!/^[1-9][0-9]{0,15}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
