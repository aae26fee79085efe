/**
 * Messages end to end, from a client to an edge and back, with front door and edges on one core as `mooring
 * direct` runs them, beside HAProxy in front of the same edges: what the way costs, the edges do not get. The message
 * is the question of a y-websocket client what is new, in a document where nothing is: real, answered to its
 * sender alone and at once, without a write to disk or other members that would hide the way.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../test/support/free-port.ts';
import { Child } from './child.ts';
import { ours, runContest } from './contest.ts';
import type { Contestant } from './contest.ts';
import { LoadProgram } from './load-program.ts';
import { clientFrame, serverFrame, upgradeRequest, writeScript } from './load-script.ts';
import type { ScriptMember } from './load-script.ts';
import { ratioToHaproxy } from './measure-rate.ts';
import { measureScript } from './measure-script.ts';
import type { Bar, Figures, Metric } from './metric.ts';
import { edgeHeaders, startDirect } from './mooring-pool.ts';
import type { MooringPool } from './mooring-pool.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { haproxy } from './rivals/haproxy.ts';
import { configureForEdges } from './rivals/haproxy-edges.ts';
import { noProxy } from './rivals/no-proxy.ts';
import { waitForPort } from './rivals/rival.ts';

/** How clients of a key get to the edges of a pool, and what runs beside the pool for it. */
interface Road {
  readonly port: (key: number) => number;
  readonly headers: (key: number) => Readonly<Record<string, string>>;
  readonly pids: readonly number[];
}

interface Contender extends Contestant {
  /** Who comes to the edges by himself needs their ports. */
  readonly settings: Readonly<Record<string, string>>;
  readonly open: (pool: MooringPool, folder: string) => Promise<Road>;
}

const edges = 2;
const connections = 64;

/** y-protocols: sync message (0), step 1 (0) or step 2 (1), and an empty state vector or update. */
const askWhatIsNew = Buffer.from([0, 0, 1, 0]);
const nothingIsNew = Buffer.from([0, 1, 2, 0, 0]);
const keepAlive = Buffer.from([1, 1, 0]);

/** One at a time, as when somebody types; and several, as when much happens in a session. */
const workloads = [
  { name: 'single', inFlight: 1 },
  { name: 'busy', inFlight: 4 },
] as const;

const onPorts = { CT_EDGES_LISTEN: 'ports' };

const contenders: readonly Contender[] = [
  {
    name: noProxy.name,
    settings: onPorts,
    open: async ({ edges }) => ({
      port: (key) => edges[key % edges.length]!.port,
      headers: (key) => edgeHeaders(edges[key % edges.length]!, keyName(key)),
      pids: [],
    }),
  },
  {
    name: haproxy.name,
    settings: onPorts,
    ...(haproxy.program === undefined ? {} : { program: haproxy.program }),
    open: async ({ edges }, folder) => {
      const port = await freePort();
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(file, configureForEdges(port, edges));
      const args = ['-db', '-f', file];
      const child = new Child({
        name: 'haproxy',
        command: haproxy.program!.path,
        args,
        core: 'proxy',
        folder,
      });
      await waitForPort(port);
      return { port: () => port, headers: () => ({}), pids: [child.pid] };
    },
  },
  {
    name: ours,
    settings: {},
    open: async ({ frontPort }) => ({ port: () => frontPort, headers: () => ({}), pids: [] }),
  },
];

export async function runDirect(options: RunOptions): Promise<Outcome> {
  const load = new LoadProgram(options.folder, { withTls: false });
  return await runContest(
    {
      name: 'direct',
      metrics: [...metricsOf('single', { atLeast: 2 }), ...metricsOf('busy')],
      contestants: contenders,
      measureSet: async (contender, folder) => {
        const pool = await startDirect(folder, edges, contender.settings);
        const road = await contender.open(pool, folder);
        const measured = { load, folder, pids: [pool.child.pid, ...road.pids] };
        const seconds = options.isShort ? 1 : 3;
        const figures: Figures[] = [];
        for (const [index, { name, inFlight }] of workloads.entries()) {
          const script = join(folder, `${name}.script`);
          writeScript(script, membersOn(road, index), {
            question: clientFrame('binary', askWhatIsNew),
            answer: serverFrame('binary', nothingIsNew),
            ignore: serverFrame('binary', keepAlive),
          });
          figures.push(await measureScript(name, { kind: 'rally', script, seconds, inFlight }, measured));
        }
        return Object.assign({}, ...figures);
      },
    },
    options,
  );
}

function metricsOf(name: string, bar?: Bar): Metric[] {
  return [
    {
      name: `${name}-per-second`,
      unit: 'message/s there and back, more is better',
      digits: 0,
      comparisons: [ratioToHaproxy(bar)],
    },
    {
      name: `${name}-cpu-us`,
      unit: 'CPU us of front door and edges/message, less is better',
      digits: 2,
      comparisons: [ratioToHaproxy()],
    },
  ];
}

/** Each workload has keys of its own. */
function membersOn(road: Road, workload: number): ScriptMember[] {
  return Array.from({ length: connections }, (_, connection) => {
    const key = workload * connections + connection;
    return {
      port: road.port(key),
      request: upgradeRequest(`/y/${keyName(key)}/document`, road.headers(key)),
      // The edge asks first: then the member is in.
      ready: askWhatIsNew,
    };
  });
}

function keyName(key: number): string {
  return `direct-${key}`;
}
