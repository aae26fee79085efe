/** The command `mooring`, run to its end with nothing of the test's own settings in its environment. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { command, plainEnv } from './front-door.ts';

const runMaxMs = 60_000;

export interface RunResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** It is killed with the test, or when it takes too long. */
export async function runCommand(
  t: TestContext,
  args: readonly string[],
  env: Record<string, string> = {},
  maxMs = runMaxMs,
): Promise<RunResult> {
  const child = spawn(process.execPath, [command, ...args], {
    env: plainEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: maxMs,
    killSignal: 'SIGKILL',
  });
  t.after(() => child.kill('SIGKILL'));
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), promise]);
  return { code, stdout, stderr };
}
