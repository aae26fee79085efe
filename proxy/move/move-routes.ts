/** The admin API for moves: what `mooring move | drain | undrain | restart` ask for, checked before anything happens. */
import { z } from 'zod';
import type { AdminAction, AdminRoute } from '#shared/admin-server.ts';
import { AppError } from '#shared/errors.ts';
import { parseEdgeId } from '#shared/ids.ts';
import type { EdgeId } from '#shared/ids.ts';
import { parseBody, requireKey } from '../admin-body.ts';
import type { Drains } from './drains.ts';
import type { Mover } from './mover.ts';

interface MoveRoutesOptions {
  readonly mover: Mover;
  readonly drains: Drains;
}

const deadlineMaxSeconds = 86_400;
const moveSchema = z.object({ key: z.string(), edge: z.string() });
const drainSchema = z.object({
  edge: z.string(),
  deadlineSeconds: z.number().int().min(1).max(deadlineMaxSeconds),
});
const edgeSchema = z.object({ edge: z.string() });

export function moveActions({ mover, drains }: MoveRoutesOptions): Record<string, AdminAction> {
  return {
    '/admin/move': async (body) => {
      const { key: keyText, edge } = parseBody(moveSchema, body);
      const key = requireKey(keyText);
      const { owner, epoch } = await mover.move(key, edgeIdOf(edge));
      return { key, edge: owner.id, incarnation: owner.incarnation, epoch };
    },
    '/admin/drain': async (body) => {
      const { edge, deadlineSeconds } = parseBody(drainSchema, body);
      return await drains.start(edgeIdOf(edge), deadlineSeconds * 1_000);
    },
    '/admin/undrain': (body) => {
      const { edge } = parseBody(edgeSchema, body);
      drains.stop(edgeIdOf(edge));
      return { edge };
    },
    '/admin/stop': (body) => {
      const { edge } = parseBody(edgeSchema, body);
      drains.stopEdge(edgeIdOf(edge));
      return { edge };
    },
  };
}

export function moveRoutes({ drains }: MoveRoutesOptions): Record<string, AdminRoute> {
  return { '/admin/drains': () => ({ drains: drains.views() }) };
}

function edgeIdOf(text: string): EdgeId {
  const id = parseEdgeId(text);
  if (id === undefined) throw new AppError('edge-unknown');
  return id;
}
