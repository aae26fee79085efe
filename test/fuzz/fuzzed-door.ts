/**
 * The front door under fuzz: the real command as a process, in front of static backends, with deadlines short
 * enough for cases that leave something unfinished. Tells of its death and of what it logs as a failure.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { adminToken, command, FrontDoor, isReady, plainEnv, until } from '../support/front-door.ts';
import { checkPath } from './recording-backend.ts';
import type { RecordingBackend } from './recording-backend.ts';

/** Every wait that a case can cause ends within these, well below the client's own deadline. */
const deadlines = {
  CT_HEAD_TIMEOUT_MS: '500',
  CT_BODY_IDLE_TIMEOUT_MS: '500',
  CT_FIRST_BYTE_TIMEOUT_MS: '2000',
  CT_IDLE_TIMEOUT_MS: '2000',
};

export async function startFuzzedDoor(
  backends: readonly RecordingBackend[],
  folder: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<FuzzedDoor> {
  const flags = backends.flatMap(({ port }, i) => ['--backend', `b${i}=http://127.0.0.1:${port}`]);
  const env = plainEnv({
    ...deadlines,
    CT_HTTP_PORT: '0',
    CT_HTTPS_PORT: '0',
    CT_ADMIN_PORT: '0',
    CT_CONTROL_PORT: '0',
    CT_DATA_DIR: folder,
    CT_ADMIN_TOKEN: adminToken,
    CT_STOP_GRACE_MS: '500',
    // Cases without a key of their own share one.
    CT_LIMIT_REQUESTS_PER_KEY: '0',
    // A line for each exchange would fill the memory of a long run.
    CT_LOG_LEVEL: 'warn',
    CT_BACKEND_CHECK_PATH: checkPath,
    // A busy machine must not let a backend fall.
    CT_BACKEND_CHECK_INTERVAL_MS: '2000',
    CT_BACKEND_CHECK_FALL: '100',
    ...settings,
  });
  const child = spawn(process.execPath, [command, 'proxy', ...flags], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const door = new FrontDoor(child, folder);
  await door.listening();
  await until(
    async () => (await door.edges()).filter(isReady).length >= backends.length,
    'backends are ready',
  );
  return new FuzzedDoor(door, child);
}

export class FuzzedDoor {
  readonly #door: FrontDoor;
  readonly #child: ChildProcess;

  constructor(door: FrontDoor, child: ChildProcess) {
    this.#door = door;
    this.#child = child;
  }

  get port(): number {
    return this.#door.port;
  }

  get httpsPort(): number {
    return this.#door.httpsPort;
  }

  /** Why the front door counts as crashed; undefined while it is well. */
  get crash(): string | undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return `the front door ended: ${signalCode ?? exitCode}`;
    const failure = this.#door.log.items.find(
      (line) => line.event === 'process.failed' || line['code'] === 'internal',
    );
    return failure && `the front door logged ${JSON.stringify(failure)}`;
  }

  /** Resolves when nothing that it was given is under way any more. */
  async settled(): Promise<void> {
    const hasSettled = async (): Promise<boolean> =>
      (await this.#door.metric('ct_proxy_exchanges_open')) === 0;
    // A kept connection to the admin port may have been closed since: that question is asked again.
    await until(async () => await hasSettled().catch(() => false), 'all exchanges are settled');
  }

  /** Ends it; says what was not clean about its life or its end. */
  async end(): Promise<string | undefined> {
    try {
      await this.#door.end();
      return undefined;
    } catch (error) {
      return `the front door did not end cleanly: ${(error as Error).message}`;
    }
  }
}
