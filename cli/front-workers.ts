/**
 * The front doors of one machine under one supervisor, which holds the listening sockets: all accept from the same ones, each is a
 * front door of its own towards directory and edges. Replaced one after the other, and told of each other's settings.
 */
import { join } from 'node:path';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { workerEnv } from '#shared/siblings.ts';
import { SupervisedChild } from './child.ts';
import type { ChildSettings } from './child-settings.ts';
import { openListeners } from './listeners.ts';
import { logFileOf } from './process-table.ts';
import type { ProcessTable } from './process-table.ts';

type Ports = Readonly<Record<string, number>>;

interface WorkersOptions {
  readonly settings: Settings;
  readonly told: ChildSettings;
  readonly log: Log;
  readonly stopMaxMs: number;
  readonly table: ProcessTable;
  /** What is told has changed: who starts next starts with it. */
  readonly onTold: () => void;
}

export class FrontWorkers {
  readonly children: readonly SupervisedChild[];
  readonly #options: WorkersOptions;
  /** Of each, once it has started. */
  readonly #ports: Ports[] = [];

  /** Throws a line for people where the ports cannot be had. */
  static async open(options: WorkersOptions): Promise<FrontWorkers> {
    return new FrontWorkers(options, await openListeners(options.settings));
  }

  private constructor(options: WorkersOptions, listeners: Awaited<ReturnType<typeof openListeners>>) {
    this.#options = options;
    const { settings, told, log, stopMaxMs } = options;
    this.children = Array.from(
      { length: settings.CT_PROXY_WORKERS },
      (_, at) =>
        new SupervisedChild({
          name: at === 0 ? 'front door' : `front door ${at + 1}`,
          role: 'proxy',
          log,
          stopMaxMs,
          table: options.table,
          logFile: logFileOf(settings, 'server'),
          listeners,
          env: this.#envOf(at),
          onSettingsTaken: (fileText) => this.#onSettingsTaken(at, fileText),
          beforeReplacement: () => {
            told.readAnew();
            options.onTold();
          },
          onReplacementAsked: async () => await this.#replaceAll(at),
          onShare: (message, from) => this.children.forEach((child) => child.send(message, from)),
        }),
    );
  }

  /** Control ports, which edges join all of. */
  get controlPorts(): readonly number[] {
    return this.#ports.flatMap(({ control }) => (control === undefined ? [] : [control]));
  }

  get adminPorts(): readonly number[] {
    return this.#ports.map(({ admin }) => admin!);
  }

  /** Resolves with the ports of the first one, when all of them serve. */
  async start(): Promise<Ports> {
    // One after the other: the first makes the stores.
    for (const [at, child] of this.children.entries()) {
      this.#ports[at] = await child.start();
      child.keep(this.#envOf(at));
    }
    return this.#ports[0]!;
  }

  keepTold(): void {
    for (const [at, child] of this.children.entries()) child.keep(this.#envOf(at));
  }

  pass(signal: NodeJS.Signals): void {
    for (const child of this.children) child.pass(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.children.map(async (child) => await child.stop('SIGTERM')));
  }

  #envOf(at: number): Record<string, string> {
    const { settings, told } = this.#options;
    const env = told.frontDoor(this.#ports[at] ?? {});
    const own = { ...env, ...workerEnv(at + 1, settings.CT_PROXY_WORKERS) };
    if (at === 0) return own;
    const { CT_ADMIN_SOCKET: socket, CT_DATA_DIR: folder, CT_CONTROL_PORT: control } = settings;
    const isPicked = told.isDirect || control === 0;
    return {
      CT_ADMIN_PORT: '0',
      CT_CONTROL_PORT: isPicked ? '0' : String(control + at),
      ...without(own, this.#ports[at] === undefined ? ['CT_ADMIN_PORT', 'CT_CONTROL_PORT'] : []),
      CT_ADMIN_SOCKET:
        socket === 'auto'
          ? join(folder, `admin-${at + 1}.sock`)
          : socket === 'off'
            ? 'off'
            : `${socket}.${at + 1}`,
    };
  }

  #onSettingsTaken(at: number, fileText: string): void {
    const { told, onTold } = this.#options;
    // The others were told by us, and say what we know.
    if (!told.take(fileText)) return;
    onTold();
    for (const [other, child] of this.children.entries()) if (other !== at) child.pass('SIGHUP');
  }

  /** Whoever was asked goes last: who asked waits for its successor. */
  async #replaceAll(asked: number): Promise<void> {
    for (const [at, child] of this.children.entries()) if (at !== asked) await child.replace();
    await this.children[asked]!.replace();
  }
}

function without(env: Record<string, string>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}
