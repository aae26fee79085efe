/** Two HAProxy in front of stand-ins: keys by consistent hash, or kept in a stick table that the two share as peers. */
import { writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { freePort } from '../../test/support/free-port.ts';
import { haproxyBase } from '../rivals/haproxy.ts';
import { waitForPort } from '../rivals/rival.ts';
import { Processes, until } from './fleet.ts';
import type { StickyFleet } from './fleet.ts';
import { edgeNames } from './trace.ts';

const program = '/usr/sbin/haproxy';
const standIn = join(import.meta.dirname, 'stand-in.ts');

interface Door {
  readonly name: string;
  readonly port: number;
  readonly peerPort: number;
  readonly socket: string;
}

export type KeepsKeysBy = 'hash' | 'table';

export async function startHaproxyFleet(folder: string, by: KeepsKeysBy): Promise<StickyFleet> {
  const processes = new Processes(folder);
  const ports = new Map<string, number>();
  for (const edge of edgeNames) ports.set(edge, await freePort());
  const doors: Door[] = [];
  for (const name of ['door1', 'door2']) {
    const [port, peerPort] = [await freePort(), await freePort()];
    doors.push({ name, port, peerPort, socket: join(folder, `${name}.sock`) });
  }
  for (const door of doors) {
    const file = join(folder, `${door.name}.cfg`);
    writeFileSync(file, configure({ door, doors, ports, by }));
    processes.start(door.name, [program, '-db', '-L', door.name, '-f', file]);
    await waitForPort(door.port);
  }
  const tellAll = async (line: string): Promise<string[]> =>
    await Promise.all(doors.map(async ({ socket }) => await tell(socket, line)));
  const isUp = async (edge: string): Promise<boolean> =>
    (await tellAll('show stat')).every((table) =>
      table.split('\n').some((row) => row.startsWith(`edges,${edge},`) && row.includes(',UP,')),
    );
  return {
    name: by === 'hash' ? 'haproxy, consistent hash' : 'haproxy, stick table, 2 peers',
    urls: doors.map(({ port }) => `http://127.0.0.1:${port}`),
    join: async (edge) => {
      processes.start(edge, [process.execPath, standIn, edge, String(ports.get(edge))]);
      await waitForPort(ports.get(edge)!);
      await until(async () => await isUp(edge), `${edge} is up`);
    },
    leave: async (edge) => {
      processes.signal(edge, 'SIGTERM');
      await until(() => !processes.isRunning(edge), `${edge} has ended`);
    },
    kill: (edge) => processes.signal(edge, 'SIGKILL'),
    drain: async (edge) => void (await tellAll(`set server edges/${edge} state drain`)),
    undrain: async (edge) => void (await tellAll(`set server edges/${edge} state ready`)),
    countSplits: () => Promise.resolve(undefined),
    close: () => processes.close(),
  };
}

async function tell(socket: string, line: string): Promise<string> {
  const connection = createConnection(socket);
  connection.end(`${line}\n`);
  return await text(connection);
}

interface Configuration {
  readonly door: Door;
  readonly doors: readonly Door[];
  readonly ports: ReadonlyMap<string, number>;
  readonly by: KeepsKeysBy;
}

function configure({ door, doors, ports, by }: Configuration): string {
  const peers = doors.map(({ name, peerPort }) => `  peer ${name} 127.0.0.1:${peerPort}\n`).join('');
  const keeping =
    by === 'hash'
      ? '  balance hash var(txn.key)\n  hash-type consistent\n'
      : '  stick-table type string len 128 size 1m expire 15m peers fleet\n  stick on var(txn.key)\n';
  const servers = [...ports].map(([edge, port]) => `  server ${edge} 127.0.0.1:${port}\n`).join('');
  return `${haproxyBase.replace('global\n', `global\n  stats socket ${door.socket} level admin\n`)}${by === 'hash' ? '' : `peers fleet\n${peers}`}frontend front
  bind 127.0.0.1:${door.port}
  http-request set-var(txn.key) req.hdr(ctstickiness)
  http-request set-var(txn.key) req.cook(ctstickiness) unless { var(txn.key) -m found }
  default_backend edges
backend edges
${keeping}  option redispatch
  option httpchk GET /check
  default-server check inter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
${servers}`;
}
