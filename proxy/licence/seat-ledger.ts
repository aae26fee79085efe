/**
 * Who holds how many seats of a licence: a line for each edge, changed by nobody but that edge's claims. Each claim says what
 * the edge holds and what it wants besides, so that one that is told twice, or late, does no harm.
 */
import { z } from 'zod';

const count = z.number().int().nonnegative();

const lineSchema = z.strictObject({ incarnation: count, sequence: count, seats: count });
export const ledgerSchema = z.strictObject({ edges: z.record(z.string().max(64), lineSchema) });

export type SeatLedger = z.output<typeof ledgerSchema>;

export interface SeatClaim {
  readonly edge: string;
  readonly incarnation: number;
  /** Rises with each claim of an incarnation. */
  readonly sequence: number;
  /** Taken, whatever the licence says: nobody is put out. */
  readonly held: number;
  /** Asked for by newcomers. */
  readonly wanted: number;
}

export const emptyLedger: SeatLedger = { edges: {} };

export function seatsTaken({ edges }: SeatLedger): number {
  return Object.values(edges).reduce((total, { seats }) => total + seats, 0);
}

/** `max` seats for the whole pool. A claim that is older than what is known changes nothing, and gets nothing. */
export function applyClaim(
  ledger: SeatLedger,
  { edge, incarnation, sequence, held, wanted }: SeatClaim,
  max: number,
): { readonly ledger: SeatLedger; readonly granted: number } {
  const known = ledger.edges[edge];
  const isOld =
    known !== undefined &&
    (known.incarnation > incarnation || (known.incarnation === incarnation && known.sequence >= sequence));
  if (isOld) return { ledger, granted: 0 };
  const others = seatsTaken(ledger) - (known?.seats ?? 0);
  const granted = Math.min(wanted, Math.max(0, max - others - held));
  const seats = held + granted;
  return { ledger: { edges: { ...ledger.edges, [edge]: { incarnation, sequence, seats } } }, granted };
}

/** Without the lines of edges that are over. */
export function dropEdges(
  ledger: SeatLedger,
  over: readonly { id: string; incarnation: number }[],
): SeatLedger {
  const isOver = (id: string, incarnation: number): boolean =>
    over.some((edge) => edge.id === id && edge.incarnation >= incarnation);
  const left = Object.entries(ledger.edges).filter(([id, { incarnation }]) => !isOver(id, incarnation));
  return left.length === Object.keys(ledger.edges).length ? ledger : { edges: Object.fromEntries(left) };
}
