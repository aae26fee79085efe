/** Rows of the directory's tables, and what they say. */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { EdgeKind, EdgeRef, EdgeRow, Pin } from './directory.ts';

export interface EdgeTableRow {
  readonly id: EdgeId;
  readonly kind: EdgeKind;
  readonly boot_id: string;
  readonly incarnation: Incarnation;
  readonly address: string;
  readonly weight: number;
  readonly state: 'up' | 'draining' | 'gone';
  readonly lease_until: number;
}

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

export function edgeRowOf(row: EdgeTableRow & { now_ms: number; pins: number }): EdgeRow {
  return {
    id: row.id,
    kind: row.kind,
    bootId: row.boot_id,
    address: row.address,
    weight: row.weight,
    incarnation: row.incarnation,
    state: row.state,
    leaseLeftMs: row.lease_until - row.now_ms,
    pins: row.pins,
  };
}
