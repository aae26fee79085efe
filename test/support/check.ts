/**
 * `npm run check`: all that looks at the sources without running the product, two parts at a time. What a part says is printed as a whole when
 * it ends; a part that fails keeps no other from its end.
 */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** The longest first. */
const parts = ['format', 'modules', 'types', 'lint', 'tidy', 'unused'];
const atOnce = 2;
const partMaxMs = 240_000;

async function run(part: string): Promise<boolean> {
  const child = spawn('npm', ['run', '--silent', `check:${part}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: partMaxMs,
    killSignal: 'SIGKILL',
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.once('close', resolve);
  const [said, faults, code] = await Promise.all([text(child.stdout), text(child.stderr), promise]);
  const verdict = code === 0 ? 'well' : `not well (${code ?? 'ended after its time'})`;
  console.log(`${said}${faults}check:${part} is ${verdict}\n`);
  return code === 0;
}

const left = parts.values();
const lane = async (): Promise<boolean> => {
  let isWell = true;
  for (const part of left) isWell = (await run(part)) && isWell;
  return isWell;
};
const ends = await Promise.all(Array.from({ length: atOnce }, lane));
if (ends.includes(false)) process.exitCode = 1;
