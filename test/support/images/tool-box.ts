/**
 * The container tools and where they work: installs what is missing (Debian, root), and keeps images,
 * containers, networks and configuration in one folder, so that nothing else on the machine is touched.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Debian's package for each program that has to be there. */
const packageOf: Readonly<Record<string, string>> = {
  '/usr/bin/podman': 'podman',
  '/usr/bin/buildah': 'buildah',
  '/usr/sbin/runc': 'runc',
  '/usr/bin/mmdebstrap': 'mmdebstrap',
  '/usr/bin/podman-compose': 'podman-compose',
  '/usr/lib/podman/netavark': 'netavark',
  '/usr/lib/podman/aardvark-dns': 'aardvark-dns',
  '/usr/bin/catatonit': 'catatonit',
  '/usr/sbin/iptables': 'iptables',
  '/usr/sbin/nft': 'nftables',
};

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly maxMs?: number;
}

export interface Outcome {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

const commandMaxMs = 120_000;
const installMaxMs = 300_000;
const outputMaxBytes = 64 * 1024 * 1024;
/** A development machine may forget to allow more: podman asks for a million files and fails. */
const processesMax = 4_096;

/** Runs a command to its end; a failure is an outcome, a command that takes too long is an error. */
export async function tryCommand(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  const { env = {}, cwd, maxMs = commandMaxMs } = options;
  try {
    const { stdout, stderr } = await execute(command, [...args], {
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
      timeout: maxMs,
      killSignal: 'SIGKILL',
      maxBuffer: outputMaxBytes,
    });
    return { code: 0, output: stdout, errors: stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: unknown; stdout?: string; stderr?: string };
    if (typeof code !== 'number') throw error;
    return { code, output: stdout ?? '', errors: stderr ?? '' };
  }
}

/** Runs a command that has to succeed; returns what it printed. */
export async function command(
  name: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const outcome = await tryCommand(name, args, options);
  if (outcome.code === 0) return outcome.output;
  throw new Error(`${name} ${args.join(' ')} ended with ${outcome.code}\n${outcome.output}${outcome.errors}`);
}

/** Installs the Debian packages whose programs are not there. */
export async function installTools(): Promise<void> {
  const missing = Object.keys(packageOf).filter((path) => !existsSync(path));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    throw new Error(`needs root on Debian to install ${missing.map((path) => packageOf[path]).join(' ')}`);
  }
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await command('apt-get', ['update'], { env, maxMs: installMaxMs });
  const packages = missing.map((path) => packageOf[path]!);
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  await command('apt-get', install, { env, maxMs: installMaxMs });
}

export class ToolBox {
  readonly folder: string;
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string) {
    this.folder = folder;
    this.#env = {
      CONTAINERS_CONF: join(folder, 'containers.conf'),
      CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
      CONTAINERS_REGISTRIES_CONF: join(folder, 'registries.conf'),
    };
  }

  static open(folder: string): ToolBox {
    const box = new ToolBox(folder);
    mkdirSync(join(folder, 'networks'), { recursive: true });
    writeFileSync(box.#env['CONTAINERS_CONF']!, containersConf(folder));
    writeFileSync(
      box.#env['CONTAINERS_STORAGE_CONF']!,
      `[storage]\ndriver = "overlay"\ngraphroot = "${folder}/graph"\nrunroot = "${folder}/run"\n`,
    );
    // No registry: an image that is not here is an error, never a download.
    writeFileSync(box.#env['CONTAINERS_REGISTRIES_CONF']!, 'unqualified-search-registries = []\n');
    return box;
  }

  async run(name: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
    return await command(name, args, { ...options, env: { ...this.#env, ...options.env } });
  }

  async tryRun(name: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return await tryCommand(name, args, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** Ends and removes every container, network and volume of this folder. */
  async clear(): Promise<void> {
    await this.tryRun('podman', ['rm', '--all', '--force', '--time', '1', '--volumes']);
    await this.tryRun('podman', ['network', 'prune', '--force']);
    await this.tryRun('podman', ['volume', 'prune', '--force']);
  }

  /** Removes the folder with all that is in it. */
  async remove(): Promise<void> {
    await this.clear();
    await this.tryRun('podman', ['rmi', '--all', '--force']);
    const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
    for (const line of mounts.toReversed()) {
      const path = line.split(' ')[1];
      if (path?.startsWith(`${this.folder}/`) === true) await tryCommand('umount', [path]);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function containersConf(folder: string): string {
  return `[containers]
default_ulimits = ["nproc=${processesMax}:${processesMax}", "nofile=${filesMax()}:${filesMax()}"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
[network]
network_config_dir = "${folder}/networks"
`;
}

/** As many files as this process may open: without more rights a container cannot be given more. */
function filesMax(): number {
  const line = /^Max open files\s+\S+\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'));
  return Number(line?.[1] ?? 1_024);
}
