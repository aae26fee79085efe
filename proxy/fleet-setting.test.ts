/** What the whole fleet has set, read from a real directory that has odd things in it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { parseEdgeId } from '#shared/ids.ts';
import type { Incarnation } from '#shared/ids.ts';
import { openLog } from '#shared/log.ts';
import type { Log } from '#shared/log.ts';
import { defaultSettings } from '../test/support/default-settings.ts';
import { EdgeSteering } from './admin/steering.ts';
import { Passwords } from './dashboard/door/passwords.ts';
import type { Directory } from './directory/directory.ts';
import { openSqliteDirectory } from './directory/sqlite-directory.ts';
import { EdgePool } from './membership/pool.ts';
import { MetricsSetting } from './metrics-setting.ts';
import { PoolSettings } from './pool-settings.ts';
import { RegionMap } from './region-map.ts';

const settings = defaultSettings();
const edge = parseEdgeId('edge-1')!;
/** What no version of this program wrote, and what a newer one may have. */
const damaged = ['', 'no JSON', '{"regions":', '\u0000'];
const foreign = ['null', '7', '"text"', '[[1]]', '{"north":5}', '{"form":2,"statsd":{}}'];

interface Scene {
  readonly directory: Directory;
  readonly log: Log;
  readonly events: string[];
}

/** Each reads one stored value, and lets it be set anew. */
interface Reader {
  readonly name: string;
  readonly refused: string;
  readonly open: (scene: Scene) => { refresh: () => Promise<void>; set: () => Promise<unknown> };
}

const readers: readonly Reader[] = [
  {
    name: 'regions',
    refused: 'regions.refused',
    open: ({ directory, log }) => {
      const map = new RegionMap(directory, log);
      return {
        refresh: async () => await map.refresh(),
        set: async () => await map.replace({ north: ['10.0.0.0/8'] }, undefined),
      };
    },
  },
  {
    name: 'metrics',
    refused: 'metrics.refused',
    open: ({ directory, log }) => {
      const metrics = new MetricsSetting({ directory, settings, log });
      return {
        refresh: async () => await metrics.refresh(),
        set: async () => await metrics.replace({ statsd: null, prometheus: true }, undefined),
      };
    },
  },
  {
    name: 'banner',
    refused: 'pool-setting.refused',
    open: ({ directory, log }) => {
      const pool = new PoolSettings({ directory, log });
      return {
        refresh: async () => await pool.refresh(),
        set: async () => await pool.banner.replace({ banner: null }, undefined),
      };
    },
  },
  {
    name: 'steering',
    refused: 'steering.refused',
    open: ({ directory, log }) => {
      const pool = new EdgePool();
      pool.join(member, 'ready');
      const steering = new EdgeSteering({ directory, pool, log, nowMs: () => 0 });
      return {
        refresh: async () => await steering.refresh(),
        set: async () => await steering.setWeight(edge, 50),
      };
    },
  },
];

const member = {
  id: edge,
  incarnation: 1 as Incarnation,
  kind: 'edge',
  address: 'http://127.0.0.1:1',
  weight: 100,
  sessionsMax: 100,
  region: 'default',
  version: '0.1.0',
  adminAddress: '',
  joinedAtMs: 0,
} as const;

async function openScene(t: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-fleet-'));
  const directory = await openSqliteDirectory(join(folder, 'directory.sqlite'));
  t.after(async () => {
    await directory.close();
    rmSync(folder, { recursive: true });
  });
  const events: string[] = [];
  const log = openLog({ level: 'silent', role: 'proxy', hear: (event) => void events.push(event) });
  return { directory, log, events };
}

for (const { name, refused, open } of readers) {
  void test(`${name}: what is damaged in the store is told once, changes nothing, and may be set anew`, async (t) => {
    const scene = await openScene(t);
    const { directory, events } = scene;
    const one = open(scene);
    for (const [at, content] of damaged.entries()) {
      const version = (await directory.readFleetSetting(name))?.version ?? 0;
      assert.ok(await directory.writeFleetSetting(name, content, version));
      await one.refresh();
      await one.refresh();
      assert.equal(events.filter((event) => event === refused).length, at + 1, JSON.stringify(content));
    }
    await one.set();
    assert.equal(events.filter((event) => event === refused).length, damaged.length);
  });

  void test(`${name}: what another program stored is told once and left alone, and who sets it anew reads why`, async (t) => {
    const scene = await openScene(t);
    const { directory, events } = scene;
    const one = open(scene);
    await one.set();
    for (const content of foreign) {
      const before = (await directory.readFleetSetting(name))!.version;
      assert.ok(await directory.writeFleetSetting(name, content, before));
      events.length = 0;
      await one.refresh();
      await one.refresh();
      await assert.rejects(one.set(), { code: 'stored-unreadable' }, content);
      assert.deepEqual(events, [refused], content);
      assert.deepEqual(await directory.readFleetSetting(name), { version: before + 1, value: content });
      // As by a restored database.
      assert.ok(await directory.writeFleetSetting(name, '{}', before + 1));
      if (name !== 'banner') await one.set();
    }
  });
}

test('a stored password that is none refuses the login with its reason, and a password of the settings does without it', async (t) => {
  const { directory, log } = await openScene(t);
  for (const content of [...damaged, ...foreign, '{"password":"plain"}']) {
    const version = (await directory.readFleetSetting('dashboard'))?.version ?? 0;
    assert.ok(await directory.writeFleetSetting('dashboard', content, version));
    const stored = new Passwords({ settings, directory, log });
    await assert.rejects(stored.verify('ctuser', 'guess'), { code: 'stored-unreadable' }, content);
  }
  const given = { ...settings, CT_DASHBOARD_PASSWORD: 'a password of the settings' };
  const own = new Passwords({ settings: given, directory, log });
  assert.equal((await own.verify('ctuser', given.CT_DASHBOARD_PASSWORD))?.role, 'admin');
});
