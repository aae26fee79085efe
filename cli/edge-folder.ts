/**
 * The folder where the edges of `mooring direct` listen on Unix-domain sockets: one of its own for each start, for its user
 * alone, and gone with it. Not in the data folder, which may be of a kind that has no sockets, or have a long path.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '#shared/log.ts';
import { socketPathFault } from '#shared/socket-path.ts';

export interface EdgeFolder {
  /** Where the edge of this number listens. */
  readonly pathOf: (number: number) => string;
  readonly remove: () => void;
}

/** Undefined where there can be none: the edges take ports then. */
export function openEdgeFolder(log: Log): EdgeFolder | undefined {
  if (process.platform === 'win32') return undefined;
  const folder = makeFolder(log);
  if (folder === undefined) return undefined;
  const opened = {
    pathOf: (number: number) => join(folder, `edge-${number}.sock`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
  const fault = socketPathFault(opened.pathOf(edgeNumberMax));
  if (fault === undefined) return opened;
  opened.remove();
  log.warn('sockets.refused', { reason: fault });
  return undefined;
}

/** With the most digits. */
const edgeNumberMax = 64;

function makeFolder(log: Log): string | undefined {
  try {
    return mkdtempSync(join(tmpdir(), 'mooring-'));
  } catch (error) {
    log.warn('sockets.refused', { error });
    return undefined;
  }
}
