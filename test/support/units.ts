/**
 * `npm run test:units`: the tests that lie beside the sources. Most of them share one process, since to load the product and the
 * test runner takes longer than such a file has to do; those of folders whose tests start servers, processes and threads, or break
 * what the process has, get one each.
 */
import { globSync } from 'node:fs';
import { dirname } from 'node:path';
import { runPart } from './run-part.ts';

const sources = '{bin,cli,proxy,edge,share,shared,native,bench}/**/*.test.ts';
/** In two parts, for the longest file of all is one of the proxy's: in one, it would begin last. More at once are late for their deadlines. */
const ownProcesses = [
  {
    folders: ['proxy/dashboard', 'proxy/directory', 'proxy/history', 'proxy/http2', 'proxy/journal'],
    atOnce: 1,
  },
  { folders: ['bin', 'edge/oct', 'edge/store', 'edge/y', 'native'], atOnce: 2 },
];
const maxMs = 900_000;

const files = new Set(globSync(sources).toSorted());
console.log(`${files.size} files of units run in parts; each part is told as a whole when it has ended\n`);

async function run(name: string, flag: string, tests: readonly string[]): Promise<boolean> {
  const args = ['--test', '--test-timeout=120000', '--test-reporter=spec', flag, ...tests];
  return await runPart({ name, command: process.execPath, args, maxMs });
}

const parts = ownProcesses.map(({ folders, atOnce }) => {
  const tests = [...files].filter((file) => folders.includes(dirname(file)));
  for (const file of tests) files.delete(file);
  return async () => await run(`units of ${folders.join(', ')}`, `--test-concurrency=${atOnce}`, tests);
});
parts.push(async () => await run('units of all other folders', '--test-isolation=none', [...files]));
const ends = await Promise.all(parts.map(async (part) => await part()));
if (ends.includes(false)) process.exitCode = 1;
