/** What front doors ask of the sessions of an edge, and tell its journal. */
import type { StrandedSession } from '#shared/control-protocol.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { SeatDesk } from './seat-desk.ts';

export interface SessionOrders {
  /** Smallest first. */
  readonly listSessions: () => readonly AffinityKey[];
  /** The session that was let go under this epoch has its next owner. */
  readonly forget: (key: AffinityKey, epoch: Epoch) => void;
  /** This epoch of the key is over: its connections are closed, and it is served no more. */
  readonly fence: (key: AffinityKey, epoch: Epoch) => void;
  /** When sessions end and who may host, as a front door tells it. */
  readonly takeRules: (told: unknown, teller: object) => void;
  /** The process ends as on SIGTERM. */
  readonly stop: () => void;
  /** Sessions that were let go and that nobody seems to have taken: all that were before `goneSinceMs`. */
  readonly stranded: (goneSinceMs: number) => readonly StrandedSession[];
  /** Where front doors speak of a licence. */
  readonly seats: Pick<SeatDesk, 'hear' | 'forget' | 'settle'>;
  /** The records of this batch are stored. */
  readonly journalTaken: (batch: number) => void;
}
