/** One of several commands that run side by side: what it says is printed as a whole when it ends, with a verdict. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** It is killed then, with all that it has started. */
  readonly maxMs: number;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Whether it ended well. */
export async function runPart({ name, command, args, maxMs }: Part): Promise<boolean> {
  // A group of its own: what npm starts would outlive it, and keep its output open.
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const end = (): boolean => process.kill(-child.pid!, 'SIGKILL');
  const deadline = setTimeout(end, maxMs);
  process.once('exit', end);
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const [said, faults, code] = await Promise.all([text(child.stdout), text(child.stderr), promise]);
  clearTimeout(deadline);
  process.off('exit', end);
  const verdict = code === 0 ? 'well' : `not well (${code ?? 'ended after its time'})`;
  console.log(`${said}${faults}${name} is ${verdict}\n`);
  return code === 0;
}
