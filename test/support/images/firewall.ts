/**
 * The rules of iptables as they were before the containers, and the way back to them: netavark leaves its chains and
 * the jumps to them, for which the kernel tracks every connection of the machine from then on. A table that was not there
 * goes as a whole, for its empty chains stay hooked in.
 */
import { command } from './tool-box.ts';

const programs = ['iptables', 'ip6tables'] as const;
const tables = ['nat', 'filter'] as const;
const familyOf = { iptables: 'ip', ip6tables: 'ip6' } as const;

export class Firewall {
  readonly #before: ReadonlyMap<string, ReadonlySet<string>>;
  readonly #tables: ReadonlySet<string>;

  private constructor(before: ReadonlyMap<string, ReadonlySet<string>>, known: ReadonlySet<string>) {
    this.#before = before;
    this.#tables = known;
  }

  static async remember(): Promise<Firewall> {
    const before = new Map<string, ReadonlySet<string>>();
    for (const program of programs) {
      for (const table of tables) before.set(`${program} ${table}`, new Set(await listRules(program, table)));
    }
    return new Firewall(before, await listTables());
  }

  /** Removes every rule and chain that was not there. */
  async restore(): Promise<void> {
    for (const program of programs) {
      for (const table of tables) {
        const added = await this.#listAdded(program, table);
        if (added.length === 0) continue;
        // Rules first: a chain that another one names cannot be removed.
        const rules = added
          .filter((line) => line.startsWith('-A '))
          .map((line) => line.replace('-A ', '-D '));
        const chains = added
          .filter((line) => line.startsWith('-N '))
          .map((line) => line.replace('-N ', '-X '));
        for (const line of [...rules, ...chains]) await changeRule(program, table, line);
        const left = await this.#listAdded(program, table);
        if (left.length > 0) throw new Error(`${program} still has ${left.join(', ')}`);
      }
    }
    await this.#removeTables();
  }

  async #removeTables(): Promise<void> {
    const now = await listTables();
    for (const program of programs) {
      for (const table of tables) {
        const name = `${familyOf[program]} ${table}`;
        if (now.has(name) && !this.#tables.has(name))
          await command('nft', ['delete', 'table', ...name.split(' ')]);
      }
    }
  }

  async #listAdded(program: string, table: string): Promise<string[]> {
    const before = this.#before.get(`${program} ${table}`)!;
    return (await listRules(program, table)).filter((line) => !before.has(line));
  }
}

/** As `ip nat`. */
async function listTables(): Promise<Set<string>> {
  const output = await command('nft', ['list', 'tables']);
  return new Set(output.split('\n').map((line) => line.replace('table ', '').trim()));
}

async function listRules(program: string, table: string): Promise<string[]> {
  const output = await command(program, ['--wait', '--table', table, '--list-rules']);
  return output.split('\n').filter((line) => line !== '');
}

/** By a shell, which understands the quotes in which iptables lists texts; the line comes from iptables itself. */
async function changeRule(program: string, table: string, line: string): Promise<void> {
  await command('sh', ['-c', `exec ${program} --wait --table ${table} ${line}`]);
}
