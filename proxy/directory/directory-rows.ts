/** Rows of the directory's tables, and what callers get for them. */
import type { AffinityKey, EdgeId, Epoch, Incarnation } from '#shared/ids.ts';
import type { EdgeKind, EdgeRow, Pin } from './directory.ts';

export interface PinRow {
  key: AffinityKey;
  edge_id: EdgeId;
  incarnation: Incarnation;
  epoch: Epoch;
  state: 'live' | 'idle';
  address: string;
  over: number;
}

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

export function toPin(row: PinRow): Pin {
  return {
    key: row.key,
    owner: { id: row.edge_id, incarnation: row.incarnation },
    epoch: row.epoch,
    state: row.state,
    address: row.address,
    ownerIsOver: row.over === 1,
  };
}

export function toEdge(row: EdgeTableRow, now: number): EdgeRow {
  return {
    id: row.id,
    kind: row.kind,
    bootId: row.boot_id,
    address: row.address,
    weight: row.weight,
    incarnation: row.incarnation,
    state: row.state,
    leaseLeftMs: row.lease_until - now,
  };
}
