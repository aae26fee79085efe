/** An edge as a process of its own, which joins several front doors; ends with the test, and must end well. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { command, fleetSecret, plainEnv } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';

/** Gives its process id. */
export function startEdgeOf(
  t: TestContext,
  doors: readonly FrontDoor[],
  id: string,
  settings: Readonly<Record<string, string>> = {},
): number {
  const locators = doors.map(({ controlPort }) => `ws://127.0.0.1:${controlPort}`);
  const edge = spawn(process.execPath, [command, 'edge', '--edge-id', id], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: plainEnv({
      CT_LOCATOR: locators.join(','),
      CT_JOIN_TOKEN: fleetSecret,
      CT_SESSION_SECRET: fleetSecret,
      CT_DATA_DIR: doors[0]!.dataDir,
      CT_EDGE_PORT: '0',
      CT_ADMIN_PORT: '0',
      CT_STOP_GRACE_MS: '500',
      ...settings,
    }),
  });
  const exited = once(edge, 'exit');
  t.after(async () => {
    edge.kill('SIGINT');
    const [code] = (await exited) as [number | null];
    if (code !== 0) throw new Error(`${id} ended with ${code}`);
  });
  return edge.pid!;
}
