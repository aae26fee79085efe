/**
 * The command line of the demo: a pool of its own on data that goes away, and simulated people who work in it with real clients, so
 * that the dashboard has something to show. Ends with Ctrl-C, and takes all that it started along.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { startDemoPool } from './demo-pool.ts';
import { People } from './people.ts';

interface Flags {
  readonly port: number;
  readonly edges: number;
  readonly sessions: number;
  readonly users: number;
  readonly moves: boolean;
}

const usersMax = 500;
const moveIntervalMs = 15_000;

await new Command('npm run demo --')
  .description('Starts a pool with simulated users, and prints where its dashboard is and how to log in.')
  .option('--port <n>', 'port of the pool', bounded(1, 65_535), 1_080)
  .option('--edges <n>', 'edges', bounded(1, 16), 3)
  .option('--sessions <n>', 'sessions at once, about', bounded(1, 200), 24)
  .option('--users <n>', 'users at once, at most', bounded(2, usersMax), 60)
  .option('--no-moves', 'sessions stay where they are placed; else one moves now and then')
  .addHelpText(
    'after',
    `
Examples:
  npm run demo
  npm run demo -- --port 8080 --edges 6 --sessions 100 --users 300`,
  )
  .action(run)
  .parseAsync();

async function run({ port, edges, sessions, users, moves }: Flags): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-demo-'));
  const ending = new AbortController();
  // Ctrl-C comes twice, from the terminal and from npm: the second one is not to cut the cleaning up short.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => ending.abort());
  const login = { user: 'demo', password: randomBytes(9).toString('base64url') };
  const pool = startDemoPool({ folder, port, edges, login, onEnd: () => ending.abort() });
  try {
    const adminPort = await pool.ready(ending.signal);
    const url = `http://127.0.0.1:${port}`;
    console.log(`Dashboard: ${url}/dashboard/`);
    console.log(`User ${login.user}, password ${login.password}`);
    console.log(`${edges} edges, about ${sessions} sessions, ${users} users at most. Ctrl-C ends it.`);
    const token = readFileSync(join(folder, 'admin.secret'), 'utf8').trim();
    const admin = { url: `http://127.0.0.1:${adminPort}`, token };
    const people = new People({ url, sessionsWanted: sessions, usersMax: users, signal: ending.signal });
    await people.work(moves ? { admin, intervalMs: moveIntervalMs } : undefined);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    ending.abort();
    await pool.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const { failure } = pool;
  if (failure !== undefined) {
    console.error(failure);
    process.exitCode = 1;
  }
  // Clients that were cut off in the middle of something may wait for what does not come.
  process.exit();
}

function bounded(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
    return value;
  };
}
