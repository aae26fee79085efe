/**
 * A session of this protocol as bytes, from one edge to the next: the core's snapshot, and the cards of guests
 * who wait to be let in. Comes from an edge of the fleet, so it is checked for its version and shape alone.
 */
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';
import type { JoinId } from '../core/session-state.ts';
import { readSnapshot } from '../core/session-snapshot.ts';
import type { SessionSnapshot } from '../core/session-snapshot.ts';
import type { CardRecord } from './join-desk.ts';

export interface Handover {
  readonly snapshot: SessionSnapshot;
  readonly cards: readonly CardRecord[];
}

const packr = new Packr({ useRecords: false });

const handoverSchema = z.object({
  snapshot: z.unknown(),
  cards: z.array(
    z.object({
      id: z.string(),
      hasGreeted: z.boolean(),
      verdict: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
});

export function packHandover(handover: Handover): Uint8Array {
  return packr.pack(handover);
}

/** Throws `snapshot-refused`. */
export function unpackHandover(bytes: Uint8Array): Handover {
  const parsed = handoverSchema.safeParse(unpack(bytes));
  if (!parsed.success) throw new AppError('snapshot-refused', { facts: { reason: 'no handover' } });
  const { snapshot, cards } = parsed.data;
  return {
    snapshot: readSnapshot(snapshot),
    cards: cards.map(({ id, hasGreeted, verdict }) => ({ id: id as JoinId, hasGreeted, verdict })),
  };
}

function unpack(bytes: Uint8Array): unknown {
  try {
    return packr.unpack(bytes);
  } catch (cause) {
    throw new AppError('snapshot-refused', { cause });
  }
}
