/** Proxies that are not ours, as processes with a configuration of the test: HAProxy, nginx and Tinyproxy. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { haproxy } from '../../bench/rivals/haproxy.ts';
import { installMissingPrograms } from '../../bench/rivals/install.ts';
import { nginx } from '../../bench/rivals/nginx.ts';
import { letGo } from './child-end.ts';
import { freePort } from './free-port.ts';
import { until } from './front-door.ts';

/** Starts HAProxy with the configuration behind `global` and `defaults`; resolves when it listens on the port. */
export async function startHaproxy(t: TestContext, port: number, rest: string): Promise<void> {
  installMissingPrograms([haproxy]);
  const base =
    'global\n  nbthread 1\n  maxconn 200\ndefaults\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n';
  await startProgram(t, port, {
    path: haproxy.program!.path,
    text: base + rest,
    args: (name) => ['-db', '-f', name],
  });
}

/** Of nginx, for what is not HTTP. */
const streams = { path: '/usr/lib/nginx/modules/ngx_stream_module.so', debianPackage: 'libnginx-mod-stream' };

/** Starts nginx with the blocks behind `events`; resolves when it listens on the port. */
export async function startNginx(t: TestContext, port: number, blocks: string): Promise<void> {
  const usesStreams = blocks.startsWith('stream');
  installMissingPrograms(usesStreams ? [nginx, { program: streams }] : [nginx]);
  const modules = usesStreams ? `load_module ${streams.path};\n` : '';
  const base =
    'daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log stderr crit;\nevents { worker_connections 200; }\n';
  await startProgram(t, port, {
    path: nginx.program!.path,
    text: modules + base + blocks,
    args: (name, folder) => ['-p', folder, '-e', 'stderr', '-c', name],
  });
}

const tinyproxy = { path: '/usr/bin/tinyproxy', debianPackage: 'tinyproxy-bin' };

export interface OutboundProxy {
  /** With user and password. */
  readonly url: string;
  /** What it was asked for, as `CONNECT HOST:PORT` and `GET http://HOST:PORT/...`. */
  readonly asked: () => readonly string[];
}

/** Starts Tinyproxy, which opens tunnels (CONNECT, RFC 9110 section 9.3.6) and passes plain requests on, for one user. */
export async function startTinyproxy(t: TestContext, user: string, password: string): Promise<OutboundProxy> {
  installMissingPrograms([{ program: tinyproxy }]);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'mooring-tinyproxy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const log = join(folder, 'log');
  const place = `Port ${port}\nListen 127.0.0.1\nAllow 127.0.0.1\nBasicAuth ${user} ${password}\n`;
  await startProgram(t, port, {
    path: tinyproxy.path,
    text: `${place}LogFile "${log}"\nLogLevel Connect\nMaxClients 20\n`,
    args: (name) => ['-d', '-c', name],
  });
  const requests = /Request \(file descriptor \d+\): (.*) HTTP\/1\.\d$/gm;
  const asked = (): string[] => [...readFileSync(log, 'utf8').matchAll(requests)].map(([, line]) => line!);
  return { url: `http://${user}:${password}@127.0.0.1:${port}`, asked };
}

async function startProgram(
  t: TestContext,
  port: number,
  { path, text, args }: { path: string; text: string; args: (file: string, folder: string) => string[] },
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-proxy-'));
  const file = join(folder, 'proxy.conf');
  writeFileSync(file, text);
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', path, ...args(file, folder)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (line: string) => (said += line));
  const ended = once(child, 'exit');
  letGo(child);
  t.after(async () => {
    child.ref();
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  await until(async () => {
    if (child.exitCode !== null) throw new Error(`it does not start: ${said}`);
    return await isListening(port);
  }, 'the proxy listens');
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
