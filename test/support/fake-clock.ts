/** A wall clock that the test may set for processes of its own, without their monotonic clock; by Debian's libfaketime. */
import { chmodSync, globSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export class FakeClock {
  readonly #path: string;
  readonly #library: string;

  constructor(t: TestContext) {
    const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1');
    if (library === undefined)
      throw new Error('libfaketime is needed for this test; as root: apt-get install -y libfaketime');
    this.#library = library;
    const folder = mkdtempSync(join(tmpdir(), 'mooring-clock-'));
    // Servers with accounts of their own read it, too.
    chmodSync(folder, 0o755);
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    this.#path = join(folder, 'offset');
    this.jump(0);
  }

  /** What a process needs in its environment to have this clock. */
  get env(): Readonly<Record<string, string>> {
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#path,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    };
  }

  /** So many seconds ahead of the real clock from now on. */
  jump(aheadSeconds: number): void {
    const next = `${this.#path}.next`;
    writeFileSync(next, `${aheadSeconds < 0 ? '' : '+'}${aheadSeconds}`);
    renameSync(next, this.#path);
  }
}
