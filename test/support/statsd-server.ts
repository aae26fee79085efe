/** StatsD itself, from npm, as a process of its own on free ports over UDP and TCP; what it has is read by its management port. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.ts';
import { eventually } from './oct-inbox.ts';

const program = join(dirname(createRequire(import.meta.url).resolve('statsd/package.json')), 'stats.js');

/** It logs by a function that Node no longer has. */
const oldLog = 'data:text/javascript,import util from "node:util"; util.log = console.log;';

export class StatsdServer {
  readonly port: number;
  readonly #managementPort: number;

  private constructor(port: number, managementPort: number) {
    this.port = port;
    this.#managementPort = managementPort;
  }

  static async start(t: TestContext, protocol: 'udp' | 'tcp'): Promise<StatsdServer> {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-statsd-'));
    const [port, managementPort] = [await freePort(), await freePort()];
    const config = {
      servers: [{ server: `./servers/${protocol}`, address: '127.0.0.1', port }],
      mgmt_address: '127.0.0.1',
      mgmt_port: managementPort,
      backends: [],
      // Counters of one flush are seen until the next one: they are to add up.
      flushInterval: 3_600_000,
    };
    const path = join(folder, 'config.json');
    writeFileSync(path, JSON.stringify(config));
    const child = spawn(process.execPath, ['--import', oldLog, program, path], { stdio: 'ignore' });
    t.after(async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    });
    const server = new StatsdServer(port, managementPort);
    await eventually(
      async () =>
        await server.#ask('health').then(
          () => true,
          () => false,
        ),
      'StatsD answers',
    );
    return server;
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    return read(await this.#ask('counters'));
  }

  async gauges(): Promise<Readonly<Record<string, number>>> {
    return read(await this.#ask('gauges'));
  }

  async #ask(question: string): Promise<string> {
    const socket = connect(this.#managementPort, '127.0.0.1').setEncoding('utf8');
    socket.write(`${question}\n`);
    let answer = '';
    for await (const text of socket as AsyncIterable<string>) {
      answer += text;
      if (/^(END|health: .*)$/m.test(answer)) break;
    }
    return answer;
  }
}

/** Answers end with a line `END`; the values are written as an object literal of Node. */
function read(answer: string): Record<string, number> {
  const pairs = [...answer.matchAll(/^\s*\{?\s*'?([^':\s{}][^':]*)'?: (-?[\d.e+-]+),?\s*\}?$/gm)];
  return Object.fromEntries(pairs.map(([, name, value]) => [name!, Number(value)]));
}
