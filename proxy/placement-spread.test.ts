/** How keys that arrive together spread, over a real directory: single choices are tested in `core/choose-edge.test.ts`. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import { parseAffinityKey, parseEdgeId } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { EdgeLinks } from './membership/edge-links.ts';
import { LeasePromises } from './membership/lease-promises.ts';
import { MembershipSnapshot } from './membership/membership-snapshot.ts';
import { EdgePool } from './membership/pool.ts';
import { OutagePlacement } from './outage-placement.ts';
import { Placer } from './placement.ts';

const keyCount = 300;
/** By the last reports: one edge is clearly lighter, as a new one is in a pool that works. */
const sessionsBefore = [0, 20, 20];
/** Long after every slow start. */
const nowMs = 3_600_000;

test('new keys that arrive in one moment do not all go to the edge that is lightest then', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-spread-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => await directory.close());
  const pool = new EdgePool();
  for (const [number, sessions] of sessionsBefore.entries()) {
    const id = parseEdgeId(`edge-${number}`)!;
    const seat = { id, kind: 'edge', address: `http://edge-${number}.test:3001`, weight: 100 } as const;
    const incarnation = await directory.registerEdge({ ...seat, bootId: `boot-${number}` });
    const member = {
      ...seat,
      incarnation,
      sessionsMax: 1_000,
      version: '',
      adminAddress: '',
      region: 'default',
    };
    pool.join({ ...member, joinedAtMs: 0 }, 'ready');
    pool.report({ id, incarnation }, { state: 'ready', load: { ...idle, sessions }, lastEpoch: 0 });
  }
  const shared = {
    directory,
    pool,
    secrets: deriveFleetSecrets('a join token of a test'),
    log: openLog({ level: 'silent', role: 'proxy' }),
    metrics: new Metrics('ct_proxy_'),
    nowMs: () => nowMs,
  };
  const snapshot = new MembershipSnapshot(directory);
  const outage = new OutagePlacement({ ...shared, snapshot, links: new EdgeLinks(), placesNewKeys: true });
  const placer = new Placer({ ...shared, promises: new LeasePromises(() => nowMs), outage });
  const keys = Array.from({ length: keyCount }, (_, number) => parseAffinityKey(`key-${number}`)!);
  await Promise.all(keys.map(async (key) => await placer.place(key)));
  const edges = await directory.listEdges();
  const counts = sessionsBefore.map(
    (sessions, number) => sessions + edges.find(({ id }) => id === `edge-${number}`)!.pins,
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  // The bound of `chooseEdge`, and what is in flight when a choice is made counts like what was placed.
  assert.ok(Math.max(...counts) <= mean * 1.25, `edges have ${counts.join(', ')} sessions`);
});

const idle = {
  members: 0,
  sockets: { websocket: 0, polling: 0 },
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  eventLoopDelayMs: { p50: 0, p99: 0, max: 0 },
  eventLoopUtilisation: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  outboxBytes: 0,
};
