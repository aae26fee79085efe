/** A server whose rooms are measured: ours, or one that is started as a program of its own. */
import { join } from 'node:path';
import { Child } from '../child.ts';
import type { Contestant } from '../contest.ts';
import type { ScriptLines, ScriptMember } from '../load-script.ts';

/** What members of one room say to get in, and how they wrap what they have to say. */
export interface Room {
  readonly members: readonly ScriptMember[];
  readonly lines: Pick<ScriptLines, 'before' | 'prefix' | 'messages'>;
}

export interface RunningServer {
  readonly pid: number;
  readonly enter: (room: RoomPlan) => Promise<Room>;
}

export interface RoomPlan {
  readonly name: string;
  readonly members: number;
  /** For the files of the room. */
  readonly folder: string;
}

export interface RoomServer extends Contestant {
  readonly start: (folder: string) => Promise<RunningServer>;
}

const readyMaxMs = 10_000;

/** Starts one of the servers in this folder. */
export async function startProgram(
  name: string,
  folder: string,
): Promise<{ readonly pid: number; readonly port: number }> {
  const child = new Child({
    name,
    command: process.execPath,
    args: [join(import.meta.dirname, `${name}-server.ts`)],
    core: 'proxy',
    folder,
  });
  const [, port] = await child.waitForLine(/^listening on (\d+)$/m, readyMaxMs);
  return { pid: child.pid, port: Number(port) };
}
