/** Metrics set for all front doors: Prometheus finds them on the port for clients of each, switched at the command line and in real Chromium. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { Locator } from 'playwright-core';
import { ensureBuilt } from '../../proxy/dashboard/build.ts';
import { openBrowser } from '../support/browser.ts';
import { assertAccessible, openDashboard, openTab } from '../support/dashboard.ts';
import { adminToken, ask, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { runCommand } from '../support/run-command.ts';
import { dashboardLogin } from '../support/viewer.ts';

const token = 'a token for metrics only';
const settings = { ...dashboardLogin, CT_METRICS_ALLOW: '10.0.0.0/8', CT_METRICS_TOKEN: token };
/** What a scrape brings with it, and what it gets where that is on. */
const scrapes = [
  { headers: { authorization: `Bearer ${token}` }, status: 200 },
  { headers: { authorization: 'Bearer another token' }, status: 401 },
  { headers: {}, status: 401 },
] as const;

async function startDoors(t: TestContext): Promise<readonly [FrontDoor, FrontDoor]> {
  const dataDir = makeDataDir(t);
  return [await startFrontDoor(t, { dataDir, settings }), await startFrontDoor(t, { dataDir, settings })];
}

/** By real requests to each front door. */
async function isServed(doors: readonly FrontDoor[], isOn: boolean): Promise<void> {
  for (const door of doors) {
    const expected = scrapes.map(({ status }) => (isOn ? status : 404));
    await eventually(
      async () => {
        const answers = [];
        for (const { headers } of scrapes) answers.push((await ask(door, '/metrics', { headers })).status);
        return JSON.stringify(answers) === JSON.stringify(expected);
      },
      `${door.host}/metrics is ${isOn ? 'there, for who has the token' : 'not there'}`,
    );
  }
}

test('Prometheus finds the metrics of all front doors once that is switched on at one, and of none once it is off', async (t) => {
  const doors = await startDoors(t);
  const mooring = async (...words: string[]): Promise<string> => {
    const env = { CT_ADMIN_TOKEN: adminToken };
    const run = await runCommand(t, ['metrics', ...words, '--admin', doors[0].adminUrl], env);
    return run.code === 0 ? run.stdout : run.stderr;
  };
  const statsd = /statsd\.example\.org:8125 +udp +mooring\. +name +- +fleet/;
  assert.match(await mooring(), /no \/metrics for Prometheus on the port for clients \(by the settings\)/);
  assert.match(await mooring('prometheus', 'perhaps'), /say: mooring metrics prometheus on, off or reset/);
  await isServed(doors, false);
  await mooring('set', 'statsd.example.org');
  const on = await mooring('prometheus', 'on');
  assert.match(on, statsd, 'the other part stays');
  assert.match(on, /clients \(by the fleet\), with the token, without it: 10\.0\.0\.0\/8/);
  await isServed(doors, true);
  const { subject, before } = await doors[0].log.next(
    ({ after }) => after === 'StatsD udp://statsd.example.org:8125, Prometheus on',
    'the audit line',
  );
  assert.equal(subject, 'metrics');
  assert.equal(before, 'StatsD udp://statsd.example.org:8125, Prometheus by the settings');

  assert.match(await mooring('reset'), /no StatsD server.*\n\/metrics for Prometheus.*\(by the fleet\)/);
  await mooring('set', 'statsd.example.org');
  assert.match(await mooring('prometheus', 'off'), statsd);
  await isServed(doors, false);
  const open = { ...settings, CT_PROMETHEUS_ENABLED: 'true' };
  const late = await startFrontDoor(t, { dataDir: doors[0].dataDir, settings: open });
  const { headers } = scrapes[0];
  assert.equal((await ask(late, '/metrics', { headers })).status, 404, 'it begins with what is set for all');
  assert.match(await mooring('prometheus', 'reset'), statsd);
  await isServed([late], true);
  await isServed(doors, false);
});

/** The forms of the metrics, in one of the pages. */
function formsOf(page: Parameters<typeof openTab>[0]): Record<'statsd' | 'prometheus', Locator> {
  const form = (name: string): Locator => page.getByRole('form', { name });
  return { statsd: form('StatsD'), prometheus: form('Prometheus') };
}

test('on the dashboard Prometheus is switched on and off for all front doors, and StatsD stays as it is set, and as it is typed', async (t) => {
  await ensureBuilt();
  const doors = await startDoors(t);
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const { page, faults } = await openDashboard(browser, `http://${doors[0].host}`);
  await openTab(page, 'Settings');
  const { statsd, prometheus } = formsOf(page);
  const choice = prometheus.getByLabel('Prometheus, on the port for clients');
  const host = statsd.getByLabel('StatsD host');
  const choose = async (label: string): Promise<void> => {
    await choice.selectOption({ label });
    await prometheus.getByRole('button', { name: 'Save' }).click();
    await page.getByText(`Prometheus, on the port for clients: ${label}.`).waitFor();
  };
  await prometheus.getByText(`Nothing is served at http://${doors[0].host}/metrics.`).waitFor();
  await host.fill('statsd.example.org');
  await statsd.getByRole('button', { name: 'Save' }).click();
  await statsd.getByText('Set here for all front doors.').waitFor();
  await host.fill('typed.example.org');
  await choose('on');
  assert.equal(await host.inputValue(), 'typed.example.org', 'what is typed stays there');
  await prometheus.getByText(`This front door serves them at http://${doors[0].host}/metrics`).waitFor();
  await prometheus
    .getByText('A scrape brings the token of CT_METRICS_TOKEN, or comes from 10.0.0.0/8.')
    .waitFor();
  await isServed(doors, true);
  await assertAccessible(page, 'the metrics');

  const { page: other } = await openDashboard(browser, `http://${doors[1].host}`);
  await openTab(other, 'Settings');
  const there = formsOf(other);
  assert.equal(await there.statsd.getByLabel('StatsD host').inputValue(), 'statsd.example.org');
  await there.prometheus
    .getByText(`This front door serves them at http://${doors[1].host}/metrics`)
    .waitFor();

  await choose('off');
  await isServed(doors, false);
  await there.statsd.getByRole('button', { name: 'Use the settings of each' }).click();
  await other.getByRole('alert').filter({ hasText: 'Somebody else has changed this meanwhile' }).waitFor();
  await there.prometheus.getByText('Nothing is served at').waitFor();
  await there.statsd.getByRole('button', { name: 'Use the settings of each' }).click();
  await there.statsd.getByText('As the settings of each front door say.').waitFor();
  await other.reload();
  await there.prometheus.getByText('Nothing is served at').waitFor();
  const chosen = there.prometheus.getByLabel('Prometheus, on the port for clients');
  assert.equal(await chosen.inputValue(), 'off', 'it is kept when StatsD goes');
  assert.deepEqual(faults, []);
});
