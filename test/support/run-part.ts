/** One of several commands that run side by side: what it says is printed as a whole when it ends, with a verdict. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

interface Part {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** It is killed then. */
  readonly maxMs: number;
}

/** Whether it ended well. */
export async function runPart({ name, command, args, maxMs }: Part): Promise<boolean> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: maxMs,
    killSignal: 'SIGKILL',
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const [said, faults, code] = await Promise.all([text(child.stdout), text(child.stderr), promise]);
  const verdict = code === 0 ? 'well' : `not well (${code ?? 'ended after its time'})`;
  console.log(`${said}${faults}${name} is ${verdict}\n`);
  return code === 0;
}
