/** An edge as a process of its own, which joins several front doors; ends with the test, and must end well. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { letGo } from './child-end.ts';
import type { Lifetime } from './child-end.ts';
import { command, fleetSecret, plainEnv } from './front-door.ts';
import type { FrontDoor, LogLine } from './front-door.ts';

interface EdgeStart {
  readonly id: string;
  readonly locators: readonly string[];
  readonly dataDir: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Whether SIGKILL is a good end. */
  readonly mayBeKilled?: boolean;
  /** The program and arguments in front of `node`; none unless given. */
  readonly within?: readonly string[];
  /** Gets what it logs. */
  readonly onLine?: (line: LogLine) => void;
}

/** Gives its process id. */
export function startEdge(t: Lifetime, start: EdgeStart): number {
  const { id, locators, dataDir, settings = {}, mayBeKilled = false, within = [], onLine } = start;
  const line = [...within, process.execPath, command, 'edge', '--edge-id', id];
  const edge = spawn(line[0]!, line.slice(1), {
    stdio: ['ignore', onLine === undefined ? 'ignore' : 'pipe', 'ignore', 'ipc'],
    env: plainEnv({
      CT_LOCATOR: locators.join(','),
      CT_JOIN_TOKEN: fleetSecret,
      CT_SESSION_SECRET: fleetSecret,
      CT_DATA_DIR: dataDir,
      CT_EDGE_PORT: '0',
      CT_ADMIN_PORT: '0',
      CT_STOP_GRACE_MS: '500',
      ...settings,
    }),
  });
  if (edge.stdout !== null && onLine !== undefined) {
    createInterface(edge.stdout).on('line', (text) => {
      if (text.startsWith('{')) onLine(JSON.parse(text) as LogLine);
    });
  }
  const exited = once(edge, 'exit');
  letGo(edge);
  t.after(async () => {
    edge.ref();
    edge.kill('SIGINT');
    const [code, signal] = (await exited) as [number | null, string | null];
    if (mayBeKilled && signal === 'SIGKILL') return;
    if (code !== 0) throw new Error(`${id} ended with ${code ?? signal}`);
  });
  return edge.pid!;
}

export function locatorOf({ controlPort }: FrontDoor): string {
  return `ws://127.0.0.1:${controlPort}`;
}

/** One that joins all of these front doors and shares the first one's data folder. */
export function startEdgeOf(
  t: Lifetime,
  doors: readonly FrontDoor[],
  id: string,
  settings: Readonly<Record<string, string>> = {},
): number {
  return startEdge(t, { id, settings, locators: doors.map(locatorOf), dataDir: doors[0]!.dataDir });
}
