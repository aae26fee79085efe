/** A process that sees a file of names of its own in place of `/etc/hosts`; root alone can give it one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** Tries it, for the right or the program may be missing. */
export function canHaveOwnHosts(): boolean {
  try {
    const line = ['unshare', '--mount', 'mount', '--bind', '/etc/hosts', '/etc/hosts'] as const;
    execFileSync(line[0], line.slice(1), { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export class OwnHosts {
  readonly #path: string;

  constructor(t: TestContext) {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-hosts-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.#path = join(folder, 'hosts');
    this.set({});
  }

  /** What names mean from now on, also for processes that run. */
  set(names: Readonly<Record<string, readonly string[]>>): void {
    const lines = Object.entries(names).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}`),
    );
    // Written in place: the mount is of this file, not of its name.
    writeFileSync(this.#path, `127.0.0.1 localhost\n${lines.join('\n')}\n`);
  }

  /** What to put in front of a command. */
  get within(): readonly string[] {
    return ['unshare', '--mount', 'sh', '-c', `mount --bind '${this.#path}' /etc/hosts && exec "$@"`, 'sh'];
  }
}
