/** The database servers that are installed on the machine, run as their own accounts where root runs the tests. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mariadb } from './mariadb.ts';
import { postgresql } from './postgresql.ts';
import { makeProcessFolder } from './process-folder.ts';
import type { ProgramCall, SqlProduct, SqlProductName } from './sql-product.ts';

const callMaxMs = 30_000;
const products = { mariadb, postgresql } as const;

export function productOf(name: SqlProductName): { product: SqlProduct; program: string } {
  const product = products[name];
  const program = product.program.flatMap((pattern) => globSync(pattern).toSorted()).findLast(existsSync);
  if (program !== undefined) return { product, program };
  const command = `apt-get install -y --no-install-recommends ${product.packageName}`;
  throw new Error(`${product.packageName} is needed for this test; as root: ${command}`);
}

const templates = new Map<SqlProductName, Promise<string>>();
const keptFolder = fileURLToPath(new URL('../../../node_modules/.cache/sql-templates', import.meta.url));

/** An initialised data folder, which takes seconds to make: one of this program and account, for all processes. */
export async function templateOf(product: SqlProduct, program: string): Promise<string> {
  const made = templates.get(product.name) ?? makeTemplate(product, program);
  templates.set(product.name, made);
  return await made;
}

async function makeTemplate(product: SqlProduct, program: string): Promise<string> {
  const { size, mtimeMs } = statSync(program);
  const what = [program, size, mtimeMs, ownerOf(product), product.initialise(program, '').args];
  const digest = createHash('sha256').update(JSON.stringify(what)).digest('hex').slice(0, 16);
  const kept = join(keptFolder, `${product.name}-${digest}`);
  if (existsSync(kept)) return kept;
  const folder = makeProcessFolder(`${product.name}-template`);
  await run('chown', [ownerOf(product), folder]);
  const dataFolder = join(folder, 'data');
  const { command, args } = asAccountOf(product, product.initialise(program, dataFolder));
  await run(command, args, folder);
  await keep(dataFolder, kept);
  return dataFolder;
}

/** Others may do the same at this moment: it is there as a whole or not at all. */
async function keep(dataFolder: string, kept: string): Promise<void> {
  const draft = `${kept}.${process.pid}`;
  mkdirSync(keptFolder, { recursive: true });
  await run('cp', ['-a', dataFolder, draft]);
  try {
    renameSync(draft, kept);
  } catch (error) {
    rmSync(draft, { recursive: true });
    if (!existsSync(kept)) throw error;
  }
}

const isRoot = process.getuid?.() === 0;

export function asAccountOf({ account }: SqlProduct, { command, args }: ProgramCall): ProgramCall {
  if (!isRoot) return { command, args };
  const drop = [`--reuid=${account}`, `--regid=${account}`, '--clear-groups'];
  return { command: 'setpriv', args: [...drop, command, ...args] };
}

export function ownerOf({ account }: SqlProduct): string {
  return isRoot ? `${account}:${account}` : String(process.getuid?.());
}

const execute = promisify(execFile);

export async function run(command: string, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout } = await execute(command, args, { timeout: callMaxMs, killSignal: 'SIGKILL', cwd });
  return stdout;
}
