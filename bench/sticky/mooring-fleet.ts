/** Two front doors of ours on one directory, and edges. */
import { join } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { Processes, until } from './fleet.ts';
import type { StickyFleet } from './fleet.ts';

const command = join(import.meta.dirname, '../../bin/mooring.js');
const secret = 'a secret of the bench alone';
const doorNames = ['door-1', 'door-2'];

interface EdgeView {
  readonly id: string;
  readonly state: string;
  readonly incarnation: number;
}

export async function startMooringFleet(folder: string): Promise<StickyFleet> {
  const processes = new Processes(folder);
  const shared = {
    CT_DATA_DIR: join(folder, 'data'),
    CT_ADMIN_TOKEN: secret,
    CT_JOIN_TOKEN: secret,
    CT_SESSION_SECRET: secret,
    CT_HANDOFF: 'off',
    CT_LOG_LEVEL: 'warn',
    CT_STOP_GRACE_MS: '2000',
  };
  const doors: { readonly url: string; readonly admin: string; readonly control: number }[] = [];
  for (const name of doorNames) {
    const [http, admin, control] = [await freePort(), await freePort(), await freePort()];
    const ports = { CT_HTTP_PORT: `${http}`, CT_ADMIN_PORT: `${admin}`, CT_CONTROL_PORT: `${control}` };
    processes.start(name, [process.execPath, command, 'proxy'], { ...shared, ...ports });
    doors.push({ url: `http://127.0.0.1:${http}`, admin: `http://127.0.0.1:${admin}`, control });
  }
  const call = async <T>(door: number, path: string, body?: object): Promise<T> => {
    const response = await fetch(doors[door]!.admin + path, {
      headers: { authorization: `Bearer ${secret}` },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
    return (await response.json()) as T;
  };
  const edgeAt = async (door: number, id: string): Promise<EdgeView | undefined> =>
    (await call<{ edges: EdgeView[] }>(door, '/admin/edges').catch(() => ({ edges: [] }))).edges.find(
      (edge) => edge.id === id,
    );
  const isReady = async (id: string, after: number): Promise<boolean> => {
    const seen = await Promise.all(doors.map(async (_, door) => await edgeAt(door, id)));
    return seen.every((edge) => edge?.state === 'ready' && edge.incarnation > after);
  };
  const incarnations = new Map<string, number>();
  return {
    name: 'mooring',
    urls: doors.map(({ url }) => url),
    join: async (id) => {
      const locators = doors.map(({ control }) => `ws://127.0.0.1:${control}`).join(',');
      const own = { CT_LOCATOR: locators, CT_EDGE_ID: id, CT_EDGE_PORT: '0', CT_ADMIN_PORT: '0' };
      processes.start(id, [process.execPath, command, 'edge'], { ...shared, ...own });
      await until(async () => await isReady(id, incarnations.get(id) ?? 0), `${id} is ready`);
      incarnations.set(id, (await edgeAt(0, id))!.incarnation);
    },
    leave: async (id) => {
      processes.signal(id, 'SIGTERM');
      await until(() => !processes.isRunning(id), `${id} has ended`);
    },
    kill: (id) => processes.signal(id, 'SIGKILL'),
    drain: async (id) => void (await call(0, '/admin/drain', { edge: id, deadlineSeconds: 60 })),
    undrain: async (id) => {
      await call(0, '/admin/undrain', { edge: id });
      await until(async () => await isReady(id, 0), `${id} takes sessions again`);
    },
    countSplits: async () => {
      const { splits } = await call<{ splits: unknown[] }>(1, '/admin/verify');
      return splits.length;
    },
    close: () => processes.close(),
  };
}
