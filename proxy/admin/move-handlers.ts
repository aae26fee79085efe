/** The admin API for what sessions and edges are to do: what `mooring move | drain | undrain | maintenance | weight | evict` ask for. */
import type { Drains } from '../move/drains.ts';
import type { Mover } from '../move/mover.ts';
import type { AdminTable } from './admin-table.ts';
import type { Evictions } from './eviction.ts';
import { requireEdgeId, requireKey } from './given-ids.ts';
import type { Handlers } from './operation.ts';
import type { EdgeSteering } from './steering.ts';

interface MoveOptions {
  readonly mover: Mover;
  readonly drains: Drains;
  readonly steering: EdgeSteering;
  readonly evictions: Evictions;
}

type Moves = Handlers<AdminTable, 'move' | 'drain' | 'undrain' | 'stop' | 'maintenance' | 'weight' | 'evict'>;

export function moveHandlers({ mover, drains, steering, evictions }: MoveOptions): Moves {
  return {
    move: async ({ body, note }) => {
      const key = requireKey(body.key);
      note({ key, after: body.edge });
      const { owner, epoch } = await mover.move(key, requireEdgeId(body.edge));
      note({ after: `${owner.id} epoch ${epoch}` });
      return { key, edge: owner.id, incarnation: owner.incarnation, epoch };
    },
    drain: async ({ body: { edge, deadlineSeconds }, note }) => {
      note({ subject: edge, after: `drained within ${deadlineSeconds} s` });
      return await drains.start(requireEdgeId(edge), deadlineSeconds * 1_000);
    },
    undrain: ({ body: { edge }, note }) => {
      note({ subject: edge });
      drains.stop(requireEdgeId(edge));
      return { edge };
    },
    stop: ({ body: { edge }, note }) => {
      note({ subject: edge });
      drains.stopEdge(requireEdgeId(edge));
      return { edge };
    },
    maintenance: async ({ body: { edge, on }, note }) => {
      note({ subject: edge, after: onOrOff(on) });
      const before = await steering.setMaintenance(requireEdgeId(edge), on);
      note({ before: onOrOff(before) });
      return { edge, on };
    },
    weight: async ({ body: { edge, weight }, note }) => {
      note({ subject: edge, after: weight === null ? 'its own' : String(weight) });
      const { before, now } = await steering.setWeight(requireEdgeId(edge), weight);
      note({ before: String(before), after: String(now) });
      return { edge, weight: now };
    },
    evict: async ({ body, note }) => {
      const key = requireKey(body.key);
      note({ key, ...(body.endSession ? { after: 'session ended' } : {}) });
      const { owner, epoch } = await evictions.evict(key, body.endSession);
      note({ before: `${owner.id} epoch ${epoch}`, after: 'no pin' });
      return { key, edge: owner.id, epoch };
    },
  };
}

function onOrOff(on: boolean): string {
  return on ? 'on' : 'off';
}
