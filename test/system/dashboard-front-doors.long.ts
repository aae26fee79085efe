/** Dashboards of two front doors on one database server, in real Chromium: one pool, one licence, one set of rules, one list of versions. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Page } from 'playwright-core';
import { WebSocket } from 'ws';
import { hashClusterSettings } from '#shared/cluster-hash.ts';
import { controlProtocolVersion } from '#shared/control-protocol.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { version } from '#shared/version.ts';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { openDashboard, openTab } from '../support/dashboard.ts';
import { DockerRegistry } from '../support/docker-registry.ts';
import { copyAs } from '../support/other-version.ts';
import { runCommand } from '../support/run-command.ts';
import { locatorOf, startEdgeOf } from '../support/edge-process.ts';
import { adminToken, fleetSecret, isReady, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { LicenceMaker } from '../support/licences.ts';
import { hostSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { sharedSqlServer } from '../support/sql/sql-server.ts';
import { databaseSetting } from '../support/store-fleet.ts';
import { dashboardLogin } from '../support/viewer.ts';
import { openDocument } from '../support/y-document.ts';

const seats = 3;
/** Processes start on however busy a machine. */
const readyMaxMs = 60_000;

type Doors = readonly [FrontDoor, FrontDoor];
type Pages = readonly [Page, Page];

async function startPool(t: TestContext, image: string): Promise<Doors> {
  const server = await sharedSqlServer('postgresql');
  const settings = {
    ...databaseSetting(await server.createDatabase()),
    ...dashboardLogin,
    ...new LicenceMaker().issue({ connections: seats }),
    CT_REGISTRY_IMAGE: image,
  };
  const doors = [await startFrontDoor(t, { settings }), await startFrontDoor(t, { settings })] as const;
  for (const id of ['edge-1', 'edge-2']) startEdgeOf(t, doors, id);
  for (const door of doors) {
    const isWhole = async (): Promise<boolean> => (await door.edges()).filter(isReady).length === 2;
    await eventually(isWhole, 'the edges are ready', readyMaxMs);
  }
  return doors;
}

async function openPages(t: TestContext, doors: Doors): Promise<Pages> {
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const [one, other] = await Promise.all(
    doors.map(async (door) => (await openDashboard(browser, `http://${door.host}`)).page),
  );
  return [one!, other!];
}

/** A session of this person through the front door; a person may have several. */
async function host(t: TestContext, door: FrontDoor, loginToken: string): Promise<string> {
  const member = await hostSession({ url: `http://${door.host}`, loginToken });
  t.after(() => member.dispose());
  return member.key;
}

async function shows(pages: Pages, card: string, value: string): Promise<void> {
  for (const page of pages)
    await page.locator('.card').filter({ hasText: card }).locator('strong', { hasText: value }).waitFor();
}

/** An edge of another version, which takes no sessions. */
async function joinAs(t: TestContext, door: FrontDoor, other: string): Promise<void> {
  const secrets = { CT_JOIN_TOKEN: fleetSecret, CT_SESSION_SECRET: fleetSecret };
  const { settings } = loadSettings({ env: secrets, role: 'proxy' }) as { settings: Settings };
  const authorization = `Bearer ${fleetSecret}`;
  const socket = new WebSocket(`${locatorOf(door)}/control`, { headers: { authorization } });
  await once(socket, 'open');
  const hello = {
    type: 'hello',
    protocol: controlProtocolVersion,
    edgeId: 'edge-old',
    bootId: 'a boot of another version',
    address: 'http://127.0.0.1:9',
    adminAddress: '',
    version: other,
    weight: 100,
    sessionsMax: 10,
    region: 'default',
    clusterHash: hashClusterSettings(settings),
  };
  socket.send(JSON.stringify(hello));
  let sequence = 0;
  const none = { sessions: 0, members: 0, sockets: { websocket: 0, polling: 0 } };
  const rates = { messagesPerSecond: 0, bytesPerSecond: 0, eventLoopDelayMs: { p50: 0, p99: 0, max: 0 } };
  const load = { ...none, ...rates, eventLoopUtilisation: 0, rssBytes: 0, heapUsedBytes: 0, outboxBytes: 0 };
  const report = (): void => {
    const said = { type: 'report', sequence: ++sequence, state: 'full', load, lastEpoch: 0 };
    socket.send(JSON.stringify({ ...said, idle: [], live: [] }));
  };
  const reporting = setInterval(report, 500);
  t.after(() => {
    clearInterval(reporting);
    socket.send(JSON.stringify({ type: 'farewell' }));
    socket.close();
  });
}

test('two dashboards on one database show one pool: who is there, what the licence leaves, which versions there are, and what the other one sets', async (t) => {
  await ensureBuilt();
  const registry = await DockerRegistry.start(t);
  await registry.push('mooring/edge', [`v${version}`, '99.1.0', 'latest']);
  const doors = await startPool(t, `${registry.host}/mooring/edge`);
  const pages = await openPages(t, doors);
  const [one, other] = pages;

  const ann = await logIn(`http://${doors[0].host}`, 'ann');
  const first = await host(t, doors[0], ann);
  const second = await host(t, doors[1], ann);
  const { edge } = await doors[0].where(first);
  if ((await doors[0].where(second)).edge === edge)
    assert.equal(await doors[1].move(second, edge === 'edge-1' ? 'edge-2' : 'edge-1'), 200);
  await shows(pages, 'Session connections', `2 of ${seats}`);
  await shows(pages, 'Active sessions', '2');
  // She is on both edges.
  await shows(pages, 'Users online now', '1');
  for (const door of doors)
    await eventually(
      async () => (await door.metric('ct_pool_users_online')) === 1,
      'the metric tells the same',
    );

  await openDocument(t, `http://${doors[1].host}`, { key: 'of-somebody', name: 'notes' });
  await shows(pages, 'Session connections', `3 of ${seats}`);
  await shows(pages, 'Users online now', '2');
  for (const page of pages)
    await page
      .locator('.card.warn')
      .getByText(/^full, licence/)
      .waitFor();
  await assert.rejects(host(t, doors[0], ann), /licence of this server allows no more/);

  for (const page of pages) {
    const rowOf = (name: string) => page.getByRole('row').filter({ hasText: name });
    await rowOf(`v${version}`)
      .filter({ hasText: 'this front door, ' })
      .filter({ hasText: /, front door \S+, (edge-1, edge-2|edge-2, edge-1)/ })
      .waitFor();
    await rowOf('99.1.0').filter({ hasText: 'newer' }).waitFor();
    assert.equal(await page.getByText('different versions').count(), 0);
  }
  await joinAs(t, doors[0], '0.0.9');
  await one.getByText(`Members run different versions: 0.0.9, ${version}.`).waitFor();

  for (const page of pages) await openTab(page, 'Settings');
  const [hosting, hostingOfOther] = pages.map((page) => page.getByRole('region', { name: 'Who may host' }));
  const minimum = hostingOfOther!.getByLabel('Lowest client version');
  await minimum.fill('0.3.3');
  await hosting!.getByLabel('Lowest client version').fill('0.3.5');
  await hosting!.getByRole('button', { name: 'Save' }).click();
  await one.getByText('Who may host: saved for the whole pool.').waitFor();
  await hostingOfOther!.getByRole('button', { name: 'Save' }).click();
  await hostingOfOther!
    .getByRole('alert')
    .filter({ hasText: 'Somebody else has changed this meanwhile' })
    .waitFor();
  await eventually(async () => (await minimum.inputValue()) === '0.3.5', 'it shows what is set');
  await minimum.fill('0.3.6');
  await hostingOfOther!.getByRole('button', { name: 'Save' }).click();
  await other.getByText('Who may host: saved for the whole pool.').waitFor();
  const banner = other.getByRole('region', { name: 'A word to everybody' });
  await banner.getByLabel('Text').fill('Down at eight');
  await banner.getByLabel('Kind').selectOption('warning');
  await banner.getByRole('button', { name: 'Save' }).click();
  for (const page of pages)
    await page.getByRole('alert').filter({ hasText: 'Warning: Down at eight' }).waitFor();
});

test('front doors of different versions know of each other: the dashboard warns while both are there, and says which is which', async (t) => {
  await ensureBuilt();
  const door = await startFrontDoor(t, { settings: dashboardLogin });
  const { dataDir, host, adminUrl } = door;
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const { page, faults } = await openDashboard(browser, `http://${host}`);
  const row = page.getByRole('row').filter({ has: page.getByText('9.8.7', { exact: true }) });
  const warning = page.getByText(`Members run different versions: ${version}, 9.8.7.`);
  await page.getByRole('row').filter({ hasText: version }).filter({ hasText: 'this front door' }).waitFor();
  assert.equal(await warning.count(), 0);
  const other = await startFrontDoor(t, { settings: dashboardLogin, dataDir, program: copyAs(t, '9.8.7') });
  await warning.waitFor();
  await row.filter({ hasText: `front door ${hostname()}-${other.port}` }).waitFor();
  const status = await runCommand(t, ['status', '--admin', other.adminUrl, '--json'], {
    CT_ADMIN_TOKEN: adminToken,
  });
  const { frontDoors } = JSON.parse(status.stdout) as { frontDoors: object[] };
  assert.deepEqual(
    frontDoors.toSorted(byVersion),
    [
      { name: `${hostname()}-${door.port}`, version, isThis: false },
      { name: `${hostname()}-${other.port}`, version: '9.8.7', isThis: true },
    ].toSorted(byVersion),
  );
  assert.ok(adminUrl !== other.adminUrl);
  await other.end();
  await warning.waitFor({ state: 'detached' });
  await row.waitFor({ state: 'detached' });
  assert.deepEqual(faults, []);
});

function byVersion(a: object, b: object): number {
  return JSON.stringify(a).localeCompare(JSON.stringify(b));
}
