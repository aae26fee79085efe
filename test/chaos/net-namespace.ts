/**
 * A network namespace with one cable to the machine's own, whose traffic can be refused or swallowed, either way or both.
 * All rules are inside, so nothing of them is left when the namespace is gone; root alone can make one.
 */
import { execFile, execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { promisify } from 'node:util';

const run = promisify(execFile);
const commandMaxMs = 10_000;
const secondOctetMax = 255;

/** Rejected with a reset, a connection looks as if its process were gone. */
export const cutManners = ['REJECT', 'DROP', 'RESET'] as const;
export const cutDirections = ['out', 'both', 'in'] as const;

export interface Cut {
  readonly manner: (typeof cutManners)[number];
  /** As the namespace sees it. */
  readonly direction: (typeof cutDirections)[number];
  /** One of the namespace's own addresses, where the traffic of that one alone is cut. */
  readonly address?: string;
}

/** Tries it, for root in a container may lack the right, and the programs may be missing. */
export function canMakeNamespaces(): boolean {
  const name = `mooring-try-${process.pid}`;
  const call = (args: readonly string[]): void =>
    void execFileSync(args[0]!, args.slice(1), { timeout: commandMaxMs, stdio: 'ignore' });
  try {
    call(['ip', 'netns', 'add', name]);
    try {
      call(['ip', 'netns', 'exec', name, 'iptables', '-w', '-S']);
      return true;
    } finally {
      call(['ip', 'netns', 'delete', name]);
    }
  } catch {
    return false;
  }
}

export class NetNamespace {
  readonly name: string;
  /** Of the machine, as the namespace sees it, and of the namespace. */
  readonly outerAddress: string;
  readonly innerAddress: string;
  /** Another way to the same place. */
  readonly secondAddress: string;
  readonly #outerLink: string;
  readonly #innerLink: string;

  private constructor(id: number) {
    this.name = `mooring-chaos-${process.pid}-${id}`;
    // A network for tests of connections between networks (RFC 2544), so it is nobody's.
    const network = `198.18.${id}`;
    this.outerAddress = `${network}.1`;
    this.innerAddress = `${network}.2`;
    this.secondAddress = `${network}.3`;
    this.#outerLink = `moor${process.pid % 100_000}o${id}`;
    this.#innerLink = `moor${process.pid % 100_000}i${id}`;
  }

  static async open(): Promise<NetNamespace> {
    const space = new NetNamespace(randomInt(1, secondOctetMax));
    process.on('exit', space.#removeNow);
    const { name } = space;
    try {
      await ip(['netns', 'add', name]);
      await ip([
        'link',
        'add',
        space.#outerLink,
        'type',
        'veth',
        'peer',
        'name',
        space.#innerLink,
        'netns',
        name,
      ]);
      await ip(['address', 'add', `${space.outerAddress}/29`, 'dev', space.#outerLink]);
      await ip(['link', 'set', space.#outerLink, 'up']);
      for (const address of [space.innerAddress, space.secondAddress])
        await ip(['-n', name, 'address', 'add', `${address}/29`, 'dev', space.#innerLink]);
      await ip(['-n', name, 'link', 'set', space.#innerLink, 'up']);
      await ip(['-n', name, 'link', 'set', 'lo', 'up']);
    } catch (error) {
      await space.close();
      throw error;
    }
    return space;
  }

  /** A command line that runs another one inside. */
  get prefix(): readonly string[] {
    return ['ip', 'netns', 'exec', this.name];
  }

  async cut({ manner, direction, address }: Cut): Promise<void> {
    const [to, from] =
      address === undefined
        ? [[], []]
        : [
            ['-d', address],
            ['-s', address],
          ];
    if (direction !== 'out') await this.#rule(['-A', 'INPUT', '-i', this.#innerLink, ...to], manner);
    if (direction !== 'in') await this.#rule(['-A', 'OUTPUT', '-o', this.#innerLink, ...from], manner);
  }

  async heal(): Promise<void> {
    await this.#iptables(['-F']);
  }

  async close(): Promise<void> {
    process.off('exit', this.#removeNow);
    // The cable goes with it.
    await ip(['netns', 'delete', this.name]).catch(() => undefined);
    await ip(['link', 'delete', this.#outerLink]).catch(() => undefined);
  }

  async #rule(where: readonly string[], manner: Cut['manner']): Promise<void> {
    if (manner === 'RESET') {
      await this.#iptables([...where, '-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset']);
    } else await this.#iptables([...where, '-j', manner]);
  }

  async #iptables(args: readonly string[]): Promise<void> {
    const [command, ...prefix] = this.prefix;
    await run(command!, [...prefix, 'iptables', '-w', ...args], { timeout: commandMaxMs });
  }

  /** Also when the run is ended in the middle. */
  readonly #removeNow = (): void => {
    try {
      execFileSync('ip', ['netns', 'delete', this.name], { timeout: commandMaxMs, stdio: 'ignore' });
    } catch {
      // It was not made, or is gone.
    }
  };
}

async function ip(args: readonly string[]): Promise<void> {
  await run('ip', [...args], { timeout: commandMaxMs });
}
