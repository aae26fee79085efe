/** Rows of the directory's tables as a database server gives them, and what they say. */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { EdgeRef, Pin } from './directory.ts';
import type { EdgeTableRow } from './directory-rows.ts';

export interface PinTableRow {
  readonly pin_key: AffinityKey;
  readonly edge_id: EdgeId;
  readonly incarnation: Incarnation;
  readonly epoch: Epoch;
  readonly state: 'live' | 'idle';
  readonly address: string;
  readonly is_over: number;
}

/** Whether the row is of this incarnation, and it has not ended but by its lease. */
export function runs(row: EdgeTableRow | undefined, edge: EdgeRef): row is EdgeTableRow {
  return row !== undefined && row.incarnation === edge.incarnation && row.state !== 'gone';
}

export function pinOf(row: PinTableRow): Pin {
  return {
    key: row.pin_key,
    owner: { id: row.edge_id, incarnation: row.incarnation },
    epoch: row.epoch,
    state: row.state,
    address: row.address,
    ownerIsOver: row.is_over === 1,
  };
}
