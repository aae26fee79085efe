/**
 * A large pool as those see it who watch it: 100 edges that join by the real control connection, 10,000 keys that the front door has
 * placed. What a scrape of `/metrics` takes, and what the dashboard's stream brings to each of its viewers.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { brotliCompressSync } from 'node:zlib';
import { freePort } from '../test/support/free-port.ts';
import { openLive } from '../test/support/live-reader.ts';
import type { LiveReader } from '../test/support/live-reader.ts';
import { dashboardLogin } from '../test/support/viewer.ts';
import { viewInBrowser } from './dashboard/browser-viewer.ts';
import type { BrowserView } from './dashboard/browser-viewer.ts';
import { SimulatedEdges } from './dashboard/simulated-edges.ts';
import { judge, median } from './metric.ts';
import type { Verdict } from './metric.ts';
import type { Outcome, RunOptions } from './outcome.ts';
import { Processes, until } from './sticky/fleet.ts';
import { formatTable } from './table.ts';

const command = join(import.meta.dirname, '../bin/mooring.js');
const secret = 'a secret of the bench alone';
const { CT_DASHBOARD_USER: user, CT_DASHBOARD_PASSWORD: password } = dashboardLogin;
const basic = { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
const bearer = { authorization: `Bearer ${secret}` };
const edgeCount = 100;
const sessionCount = 10_000;
const placedAtOnce = 32;
const viewerCount = 10;
const scrapes = 20;
const watchSeconds = { short: 10, long: 60 };

interface LargePool {
  readonly url: string;
  readonly port: number;
  readonly admin: string;
}

interface Watched {
  readonly snapshotBytes: number;
  readonly compressedBytes: number;
  readonly bytesPerSecond: number;
  readonly eventsPerSecond: number;
  readonly shown: number;
}

export async function runDashboard(options: RunOptions): Promise<Outcome> {
  const processes = new Processes(options.folder);
  let edges: SimulatedEdges | undefined;
  try {
    const { pool, control } = await startFrontDoor(processes, options.folder);
    edges = await SimulatedEdges.open({
      count: edgeCount,
      locator: `ws://127.0.0.1:${control}`,
      joinToken: secret,
    });
    await placeSessions(pool);
    const scrape = await measureScrapes(pool);
    const watched = await watch(pool, options.isShort ? watchSeconds.short : watchSeconds.long);
    const busy = await measureScrapes(pool);
    const viewed = await viewInBrowser(pool.url);
    return report({ scrape, busy, watched, viewed });
  } finally {
    edges?.close();
    processes.close();
  }
}

async function startFrontDoor(
  processes: Processes,
  folder: string,
): Promise<{ pool: LargePool; control: number }> {
  const [port, adminPort, control] = [await freePort(), await freePort(), await freePort()];
  processes.start('front-door', [process.execPath, command, 'proxy'], {
    CT_HTTP_PORT: String(port),
    CT_ADMIN_PORT: String(adminPort),
    CT_CONTROL_PORT: String(control),
    CT_DATA_DIR: join(folder, 'data'),
    CT_ADMIN_TOKEN: secret,
    CT_JOIN_TOKEN: secret,
    CT_SESSION_SECRET: secret,
    ...dashboardLogin,
    CT_LIMIT_NEW_KEYS: '0',
    CT_LOG_LEVEL: 'warn',
  });
  const pool = { url: `http://127.0.0.1:${port}`, port, admin: `http://127.0.0.1:${adminPort}` };
  await until(
    async () =>
      await fetch(`${pool.admin}/livez`).then(
        ({ ok }) => ok,
        () => false,
      ),
    'the front door serves',
  );
  return { pool, control };
}

async function placeSessions({ url, port }: LargePool): Promise<void> {
  const agent = new Agent({ connections: placedAtOnce });
  let next = 0;
  const place = async (): Promise<void> => {
    while (next < sessionCount) {
      const headers = { ctstickiness: `session-${next++}` };
      const { statusCode, body } = await request(`${url}/ct-health/`, { dispatcher: agent, headers });
      await body.dump();
      if (statusCode !== 200) throw new Error(`a key was answered with ${statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: placedAtOnce }, place));
  await agent.close();
  const live = await openLive(port, basic);
  await until(() => live.picture?.pool.sessions === sessionCount, 'all sessions are reported');
  live.close();
}

interface Scrape {
  readonly medianMs: number;
  readonly maxMs: number;
  readonly bytes: number;
}

async function measureScrapes({ admin }: LargePool): Promise<Scrape> {
  const samples: number[] = [];
  let bytes = 0;
  for (let i = 0; i < scrapes; i++) {
    const startedAt = performance.now();
    const answer = await fetch(`${admin}/metrics`, { headers: bearer });
    bytes = (await answer.arrayBuffer()).byteLength;
    samples.push(performance.now() - startedAt);
    await sleep(100);
  }
  return { medianMs: median(samples), maxMs: Math.max(...samples), bytes };
}

async function watch({ port }: LargePool, seconds: number): Promise<Watched> {
  const viewers: LiveReader[] = [];
  while (viewers.length < viewerCount) viewers.push(await openLive(port, basic));
  // The first looks read what sits where, a few edges at a time.
  await until(
    () => viewers.every(({ picture }) => Object.keys(picture?.places ?? {}).length > 300),
    'the map is read',
  );
  const before = viewers.map(({ bytes }) => bytes);
  const changes = viewers.map((live) => live.count('change'));
  await sleep(seconds * 1_000);
  const rate = (now: number[], then: number[]): number =>
    median(now.map((value, i) => value - then[i]!)) / seconds;
  const { picture } = viewers[0]!;
  const late = await openLive(port, basic);
  await until(() => late.picture !== undefined, 'a snapshot');
  const watched = {
    snapshotBytes: late.snapshotBytes,
    compressedBytes: brotliCompressSync(JSON.stringify(picture)).length,
    bytesPerSecond: rate(
      viewers.map(({ bytes }) => bytes),
      before,
    ),
    eventsPerSecond: rate(
      viewers.map((live) => live.count('change')),
      changes,
    ),
    shown: Object.keys(picture!.places).length,
  };
  for (const viewer of [...viewers, late]) viewer.close();
  return watched;
}

interface Figures {
  readonly scrape: Scrape;
  readonly busy: Scrape;
  readonly watched: Watched;
  readonly viewed: BrowserView;
}

function report({ scrape, busy, watched, viewed }: Figures): Outcome {
  const name = 'dashboard';
  const verdicts: Verdict[] = [
    judge(name, 'scrape-ms', Math.max(scrape.medianMs, busy.medianMs), { atMost: 200 }),
    judge(name, 'scrape-bytes', scrape.bytes, { atMost: 250_000 }),
    judge(name, 'snapshot-bytes', watched.snapshotBytes, { atMost: 100_000 }),
    judge(name, 'stream-bytes-per-second', watched.bytesPerSecond, { atMost: 20_000 }),
    judge(name, 'changes-per-second', watched.eventsPerSecond, { atMost: 2 }),
    judge(name, 'sessions-on-the-map', watched.shown, { atMost: 600 }),
    judge(name, 'browser-live-ms', viewed.liveMs, { atMost: 5_000 }),
    judge(name, 'browser-page-ms', viewed.slowestTabMs, { atMost: 1_000 }),
    judge(name, 'browser-busy-share', viewed.busiestShare, { atMost: 0.2 }),
    judge(name, 'browser-heap-bytes', viewed.heapBytes, { atMost: 50_000_000 }),
    judge(name, 'browser-faults', viewed.faults.length, { atMost: 0 }),
  ];
  const rows = [
    ['scrape, median', `${scrape.medianMs.toFixed(1)} ms`],
    ['scrape, slowest', `${scrape.maxMs.toFixed(1)} ms`],
    [`scrape after ${viewerCount} viewers, median`, `${busy.medianMs.toFixed(1)} ms`],
    ['scrape', `${scrape.bytes} bytes`],
    ['snapshot', `${watched.snapshotBytes} bytes`],
    ['stream, each viewer', `${watched.bytesPerSecond.toFixed(0)} bytes/s`],
    ['changes', `${watched.eventsPerSecond.toFixed(2)} /s`],
    ['sessions on the map', String(watched.shown)],
    ['Chromium: logged in and live', `${viewed.liveMs.toFixed(0)} ms`],
    ['Chromium: slowest page', `${viewed.slowestTabMs.toFixed(0)} ms`],
    ['Chromium: busy', `${(viewed.busiestShare * 100).toFixed(1)} % of a processor`],
    ['Chromium: heap', `${(viewed.heapBytes / 1e6).toFixed(1)} MB`],
  ];
  const title = `${edgeCount} edges, ${sessionCount} sessions`;
  const text = formatTable([[title, ''], ...rows]);
  return { benchmark: name, text, figures: [{ scrape, busy, watched, viewed }], verdicts, failures: {} };
}
