/**
 * The load program (`load/*.c`): compiled at the start of a run, it is the edge behind every rival and the
 * generator in front of it. It checks each answer itself and fails on the first wrong one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Child } from './child.ts';

/** The handshake of RFC 6455 section 1.3, the only one that the edge knows. */
export const sampleWebSocketKey = 'dGhlIHNhbXBsZSBub25jZQ==';

const backendNames = ['a', 'b', 'c', 'd'];
const opensslHeader = '/usr/include/openssl/ssl.h';
const compileMaxMs = 60_000;
const readyMaxMs = 5_000;
/** What a run may take beyond its own duration: connections, above all. */
const runExtraMs = 15_000;

export interface Backend {
  readonly name: string;
  readonly port: number;
  /** Of the Unix-domain socket on which it listens as well. */
  readonly path: string;
}

export interface Load {
  /** A generator of the load program, see `load/main.c`. */
  readonly kind: 'http' | 'paced' | 'setups' | 'echo' | 'idle' | 'tls-gets' | 'handshakes' | 'soak';
  readonly connections: number;
  readonly seconds: number;
  readonly extra: readonly (string | number)[];
}

export interface LoadResult {
  readonly operations: number;
  readonly seconds: number;
  /** What else a generator tells. */
  readonly [figure: string]: number;
}

export class LoadProgram {
  readonly #path: string;
  #started = 0;

  /** Compiles into the folder; with TLS it needs OpenSSL's headers. */
  constructor(folder: string, { withTls }: { readonly withTls: boolean }) {
    this.#path = join(folder, withTls ? 'load-tls' : 'load');
    if (withTls && !existsSync(opensslHeader)) {
      throw new Error(`${opensslHeader} is missing: apt-get install -y libssl-dev`);
    }
    const sources = globSync(join(import.meta.dirname, 'load', '*.c')).filter(
      (path) => withTls || basename(path) !== 'tls.c',
    );
    const tlsArgs = withTls ? ['-DWITH_TLS', '-lssl', '-lcrypto'] : [];
    const args = ['-O2', '-Wall', '-Wextra', '-pthread', '-o', this.#path, ...sources, '-lm', ...tlsArgs];
    const { error, status } = spawnSync('cc', args, { stdio: 'inherit', timeout: compileMaxMs });
    if (error !== undefined)
      throw new Error(`cannot run cc (${error.message}): apt-get install -y gcc libc6-dev`);
    if (status !== 0) throw new Error('the load program does not compile');
  }

  async startBackends(folder: string): Promise<Backend[]> {
    const pathOf = (name: string): string => join(folder, `${name}.sock`);
    const child = this.start(
      'edge',
      backendNames.map((name) => `${name}=${pathOf(name)}`),
      folder,
    );
    const [, list = ''] = await child.waitForLine(/^backends (.*)$/m, readyMaxMs);
    return list.split(' ').map((item) => {
      const [name = '', port] = item.split('=');
      return { name, port: Number(port), path: pathOf(name) };
    });
  }

  startLoad(load: Load, port: number, folder: string): Child {
    return this.start(load.kind, [port, load.connections, load.seconds, ...load.extra], folder);
  }

  start(kind: string, args: readonly (string | number)[], folder: string): Child {
    return new Child({
      // Each has its own output, where it is waited for a line.
      name: `load-${kind}-${++this.#started}`,
      command: this.#path,
      args: [kind, ...args.map(String)],
      core: 'load',
      folder,
    });
  }
}

export async function waitForLoadResult(child: Child, load: Load): Promise<LoadResult> {
  const output = await child.waitForResult(load.seconds * 1_000 + runExtraMs);
  const result = JSON.parse(output.trim().split('\n').at(-1) ?? '') as LoadResult;
  if (result.operations === 0) throw new Error(`${load.kind}: nothing was done in ${result.seconds} s`);
  return result;
}
