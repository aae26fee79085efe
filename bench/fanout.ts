/**
 * Fan-out in a room of 50: what one says reaches 49 others, 1 or 16 messages in flight. Rooms of y-websocket and of
 * the Open Collaboration Protocol, each beside what people would run otherwise. Edges are met without a front door.
 */
import { join } from 'node:path';
import { ours, runContest } from './contest.ts';
import { LoadProgram } from './load-program.ts';
import { writeScript } from './load-script.ts';
import { measureScript } from './measure-script.ts';
import type { Bar, Figures, Metric } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { octServers } from './rooms/oct-rooms.ts';
import type { RoomServer } from './rooms/room-server.ts';
import { createYServers, writeUpdates } from './rooms/y-rooms.ts';

const roomMembers = 50;
const loads = [
  { name: 'single', inFlight: 1 },
  { name: 'burst', inFlight: 16 },
] as const;
/** As many as the fastest server relays in the time of a load, and its warm-up. */
const updates = { short: 300_000, long: 600_000 };

/** Bars of the deliveries/s at one message in flight, and at 16. */
type RateBars = Readonly<Record<(typeof loads)[number]['name'], Readonly<Record<string, Bar>>>>;

export const roomServerNames = [ours, 'hocuspocus', 'ws-relay', ...octServers.map(({ name }) => name)];

export async function runYFanout(options: RunOptions): Promise<Outcome> {
  const count = options.isShort ? updates.short : updates.long;
  console.log(`fanout-y: writing ${count} updates`);
  const messages = writeUpdates(join(options.folder, 'updates'), count);
  return await runRooms('fanout-y', createYServers(messages), options, {
    single: { hocuspocus: { atLeast: 1.5 }, 'ws-relay': { atLeast: 1.2 } },
    burst: { hocuspocus: { atLeast: 1.5 }, 'ws-relay': { atLeast: 10 } },
  });
}

export async function runOctFanout(options: RunOptions): Promise<Outcome> {
  return await runRooms('fanout-oct', octServers, options, {
    single: { 'socket.io': { atLeast: 2 } },
    burst: { 'socket.io': { atLeast: 2 } },
  });
}

async function runRooms(
  name: string,
  servers: readonly RoomServer[],
  options: RunOptions,
  bars: RateBars,
): Promise<Outcome> {
  const load = new LoadProgram(options.folder, { withTls: false });
  return await runContest(
    {
      name,
      metrics: loads.flatMap((load) => metricsOf(load.name, bars[load.name])),
      contestants: servers,
      measureSet: async (server, folder) => {
        const { pid, enter } = await server.start(folder);
        const figures: Figures[] = [];
        for (const { name, inFlight } of loads) {
          const { members, lines } = await enter({ name, members: roomMembers, folder });
          const script = join(folder, `${name}.script`);
          writeScript(script, members, lines);
          const run = { kind: 'fanout', script, seconds: options.isShort ? 1 : 3, inFlight } as const;
          figures.push(await measureScript(name, run, { load, folder, pids: [pid] }));
        }
        return Object.assign({}, ...figures);
      },
    },
    options,
  );
}

function metricsOf(name: string, bars: Readonly<Record<string, Bar>>): Metric[] {
  const rivals = Object.entries(bars);
  return [
    {
      name: `${name}-per-second`,
      unit: 'delivery/s, more is better',
      digits: 0,
      comparisons: rivals.map(([rival, bar]) => ({ rival, by: 'ratio', bar })),
    },
    {
      name: `${name}-cpu-us`,
      unit: 'CPU us of the server/delivery, less is better',
      digits: 2,
      comparisons: rivals.map(([rival]) => ({ rival, by: 'ratio' })),
    },
  ];
}
