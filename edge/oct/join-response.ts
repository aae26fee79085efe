/** The host's answer to a join question (`JoinResponse` of the protocol), which a guest gets to see as JSON. */
import { z } from 'zod';
import type { Unpacked } from './msgpack.ts';

export interface Workspace {
  readonly name: string;
  readonly folders: readonly string[];
}

const nameMaxLength = 1_024;
const foldersMax = 1_024;

const joinResponseSchema = z.object({
  workspace: z.object({
    name: z.string().max(nameMaxLength),
    folders: z.array(z.string().max(nameMaxLength)).max(foldersMax),
  }),
});

/** The workspace that the guest is let into; undefined where the host did not let it in. */
export function readJoinResponse(response: Unpacked): Workspace | undefined {
  const parsed = joinResponseSchema.safeParse(response);
  return parsed.success ? parsed.data.workspace : undefined;
}
