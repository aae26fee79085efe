/**
 * What a member was sent and has not confirmed, by `epoch.sequence`: a persistent ring that is bounded by
 * bytes, count and age, and says of every offset exactly what comes after it, or that there is a gap.
 */
import type { ErrorCode } from '#shared/errors.ts';
import type { Epoch } from '#shared/ids.ts';

/** Messages kept for one member; some 25 s of a lively session. */
export const outboxMaxMessages = 4_096;
/** A lost connection is noticed after 15 s, and clients give up 30 s after that: nobody asks for older ones. */
export const outboxMaxAgeMs = 60_000;
/** A chunk is copied when a message comes in, the list of chunks too: the root of the count keeps both short. */
const chunkMaxMessages = 64;
/** No member is sent so many messages in a millisecond. */
const sequencesPerMs = 1_024;

export interface OutboxEntry<Message> {
  readonly sequence: number;
  readonly atMs: number;
  readonly bytes: number;
  readonly message: Message;
}

/** The bounds that an outbox can exceed. */
export type OutboxOverrun = Extract<
  ErrorCode,
  'outbox-bytes-exceeded' | 'outbox-count-exceeded' | 'outbox-age-exceeded'
>;
export type GapCode = OutboxOverrun | 'offset-unknown';

export interface Outbox<Message> {
  /** Of the offsets that are given out now. */
  readonly epoch: Epoch;
  /** Since this epoch the sequences have gone on without a break: a session that moved keeps its numbers. */
  readonly sinceEpoch: Epoch;
  /** The sequence before the first of the stream; an offset from before the stream means: nothing heard. */
  readonly start: number;
  /** All up to this one was confirmed or dropped. */
  readonly base: number;
  readonly last: number;
  readonly bytes: number;
  /** The bound that the last dropped message exceeded. */
  readonly overrun: OutboxOverrun | undefined;
  readonly chunks: readonly (readonly OutboxEntry<Message>[])[];
}

export type Missed<Message> =
  | { readonly kind: 'exact'; readonly sequence: number; readonly entries: readonly OutboxEntry<Message>[] }
  | { readonly kind: 'gap'; readonly code: GapCode };

/**
 * The sequence after which a session numbers. Follows from the clock, so that a session that comes back under the
 * same epoch gives out no offset again: a client whose new stream broke off before its first message still has
 * an offset of the one before, which must not pass for one of the new stream.
 */
export function firstSequence(nowMs: number): number {
  return Math.floor(nowMs) * sequencesPerMs;
}

export function openOutbox<Message>(epoch: Epoch, after: number): Outbox<Message> {
  return emptyAfter(epoch, after);
}

/** Forgets everything; a new stream begins, and the sequences go on. */
export function restartOutbox<Message>({ epoch, last }: Outbox<Message>): Outbox<Message> {
  return emptyAfter(epoch, last);
}

/** An outbox as another edge kept it, which goes on under a new epoch: offsets of the old one stay good. */
export function adoptOutbox<Message>(
  kept: Omit<Outbox<Message>, 'epoch' | 'bytes' | 'chunks'>,
  entries: readonly OutboxEntry<Message>[],
  epoch: Epoch,
): Outbox<Message> {
  const chunks: OutboxEntry<Message>[][] = [];
  for (let i = 0; i < entries.length; i += chunkMaxMessages)
    chunks.push(entries.slice(i, i + chunkMaxMessages));
  return { ...kept, epoch, bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0), chunks };
}

/**
 * Takes a message in under the next sequence, and drops the oldest ones beyond the bounds. `keep` makes of a message that
 * 64 others have come after what is kept of it from then on.
 */
export function pushMessage<Message>(
  outbox: Outbox<Message>,
  { message, bytes, atMs }: Omit<OutboxEntry<Message>, 'sequence'>,
  maxBytes: number,
  keep: (message: Message) => Message,
): Outbox<Message> {
  const sequence = outbox.last + 1;
  const chunks = append(outbox.chunks, { sequence, atMs, bytes, message }, keep);
  // Written out: it is made for each message and receiver.
  const grown = {
    epoch: outbox.epoch,
    sinceEpoch: outbox.sinceEpoch,
    start: outbox.start,
    base: outbox.base,
    last: sequence,
    bytes: outbox.bytes + bytes,
    overrun: outbox.overrun,
    chunks,
  };
  const oldestAtMs = chunks[0]![0]!.atMs;
  // Nearly always.
  if (
    oldestAtMs + outboxMaxAgeMs > atMs &&
    grown.bytes <= maxBytes &&
    sequence - grown.base <= outboxMaxMessages
  )
    return grown;
  return dropWhile(dropExpired(grown, atMs), (_oldest, { bytes, base }) => {
    if (bytes > maxBytes) return 'outbox-bytes-exceeded';
    return sequence - base > outboxMaxMessages ? 'outbox-count-exceeded' : undefined;
  });
}

/** The receiver has everything up to `sequence`. */
export function confirm<Message>(outbox: Outbox<Message>, sequence: number): Outbox<Message> {
  if (sequence <= outbox.base || sequence > outbox.last) return outbox;
  return dropThrough(outbox, sequence);
}

export function dropExpired<Message>(outbox: Outbox<Message>, nowMs: number): Outbox<Message> {
  return dropWhile(outbox, ({ atMs }) =>
    atMs + outboxMaxAgeMs <= nowMs ? 'outbox-age-exceeded' : undefined,
  );
}

/** What a client missed whose last offset is this; without one it has heard nothing of the stream. */
export function missedSince<Message>(outbox: Outbox<Message>, offset: string | undefined): Missed<Message> {
  const sequence = offset === undefined ? outbox.start : sequenceIn(outbox, offset);
  if (sequence === undefined || sequence > outbox.last) return { kind: 'gap', code: 'offset-unknown' };
  if (sequence < outbox.base) return { kind: 'gap', code: outbox.overrun ?? 'offset-unknown' };
  const entries = outbox.chunks.flat().filter((entry) => entry.sequence > sequence);
  return { kind: 'exact', sequence, entries };
}

export function formatOffset(epoch: Epoch, sequence: number): string {
  return `${epoch}.${sequence}`;
}

function sequenceIn<Message>(
  { epoch, sinceEpoch, start }: Outbox<Message>,
  offset: string,
): number | undefined {
  const [, epochText, sequenceText] = /^(\d{1,15})\.(\d{1,15})$/.exec(offset) ?? [];
  if (epochText === undefined || Number(epochText) > epoch) return undefined;
  // Of an earlier numbering, so of an earlier stream: the client has heard nothing of this one.
  return Number(epochText) < sinceEpoch ? start : Math.max(Number(sequenceText), start);
}

function emptyAfter<Message>(epoch: Epoch, sequence: number): Outbox<Message> {
  return {
    epoch,
    sinceEpoch: epoch,
    start: sequence,
    base: sequence,
    last: sequence,
    bytes: 0,
    overrun: undefined,
    chunks: [],
  };
}

function append<Message>(
  chunks: Outbox<Message>['chunks'],
  entry: OutboxEntry<Message>,
  keep: (message: Message) => Message,
): Outbox<Message>['chunks'] {
  const tail = chunks.at(-1);
  if (tail === undefined || tail.length >= chunkMaxMessages) {
    const waitsLong = chunks.length - 2;
    const kept = chunks.map((chunk, i) =>
      i === waitsLong ? chunk.map((old) => ({ ...old, message: keep(old.message) })) : chunk,
    );
    return [...kept, [entry]];
  }
  // One copy of each, where spreads make two.
  return chunks.with(chunks.length - 1, tail.concat([entry]));
}

/** Drops the oldest messages as long as `judge` names a bound that they exceed. */
function dropWhile<Message>(
  outbox: Outbox<Message>,
  judge: (
    oldest: OutboxEntry<Message>,
    rest: { readonly bytes: number; readonly base: number },
  ) => OutboxOverrun | undefined,
): Outbox<Message> {
  let { bytes, base } = outbox;
  let overrun: OutboxOverrun | undefined;
  for (const chunk of outbox.chunks) {
    for (const entry of chunk) {
      const code = judge(entry, { bytes, base });
      if (code === undefined)
        return overrun === undefined ? outbox : dropThrough({ ...outbox, overrun }, base);
      overrun = code;
      bytes -= entry.bytes;
      base = entry.sequence;
    }
  }
  return overrun === undefined ? outbox : dropThrough({ ...outbox, overrun }, base);
}

function dropThrough<Message>(outbox: Outbox<Message>, sequence: number): Outbox<Message> {
  let { bytes } = outbox;
  const chunks: (readonly OutboxEntry<Message>[])[] = [];
  for (const chunk of outbox.chunks) {
    if (chunk[0]!.sequence > sequence) {
      chunks.push(chunk);
      continue;
    }
    const kept = chunk.filter((entry) => entry.sequence > sequence);
    for (const entry of chunk) if (entry.sequence <= sequence) bytes -= entry.bytes;
    if (kept.length > 0) chunks.push(kept);
  }
  return { ...outbox, base: sequence, bytes, chunks };
}
