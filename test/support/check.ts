/**
 * `npm run check`: all that looks at the sources without running the product, two parts at a time. A part that fails keeps no
 * other from its end.
 */
import { runPart } from './run-part.ts';

/** The longest first. */
const parts = ['format', 'modules', 'types', 'lint', 'tidy', 'unused'];
const atOnce = 2;
const maxMs = 240_000;

const left = parts.values();
const lane = async (): Promise<boolean> => {
  let isWell = true;
  for (const part of left) {
    const name = `check:${part}`;
    isWell = (await runPart({ name, command: 'npm', args: ['run', '--silent', name], maxMs })) && isWell;
  }
  return isWell;
};
const ends = await Promise.all(Array.from({ length: atOnce }, lane));
if (ends.includes(false)) process.exitCode = 1;
