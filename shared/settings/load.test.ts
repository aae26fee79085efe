/** Reading settings: where values come from, what is refused, and that every fault is told at once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { flagOf, loadSettings, settingNames } from './load.ts';
import type { SettingsInput } from './load.ts';
import { settingsSchema } from './schema.ts';
import type { Setting, Settings } from './schema.ts';
import { showSettings } from './show.ts';

const secret = 'a-secret-of-enough-length';

function load(env: SettingsInput['env'], more: Partial<SettingsInput> = {}): Settings {
  const result = loadSettings({ role: 'direct', env, ...more });
  assert.deepEqual(result.kind === 'invalid' ? result.faults : [], []);
  return (result as { settings: Settings }).settings;
}

function faultsOf(env: SettingsInput['env'], more: Partial<SettingsInput> = {}): readonly string[] {
  const result = loadSettings({ role: 'direct', env, ...more });
  return result.kind === 'invalid' ? result.faults : [];
}

function notesOf(env: SettingsInput['env']): readonly string[] {
  const result = loadSettings({ role: 'direct', env });
  return result.kind === 'valid' ? result.notes : [];
}

test('with nothing given, direct mode has every default', () => {
  const settings = load({});
  for (const name of settingNames) {
    const value = settings[name];
    const shown = Array.isArray(value) ? value.join(',') : String(value);
    assert.equal(shown, String(settingsSchema[name].default), name);
  }
});

test('settings cannot be changed once they are read', () => {
  assert.ok(Object.isFrozen(load({})));
});

test('a flag wins over the environment, which wins over the file', () => {
  const fileText = 'CT_HTTP_PORT=1\nexport CT_HTTPS_PORT=2\nCT_EDGES=3\n';
  const settings = load(
    { CT_HTTP_PORT: '11', CT_HTTPS_PORT: '12' },
    { flags: { CT_HTTP_PORT: '21' }, fileText },
  );
  assert.deepEqual([settings.CT_HTTP_PORT, settings.CT_HTTPS_PORT, settings.CT_EDGES], [21, 12, 3]);
});

test('a file may have comments, quotes and the word export', () => {
  const fileText = '# ours\nexport CT_SERVER_OWNER="Example & Sons" # who\n\nOTHER=ignored\n';
  assert.equal(load({}, { fileText }).CT_SERVER_OWNER, 'Example & Sons');
});

test('an undefined flag or variable hides nothing', () => {
  const settings = load({ CT_EDGES: '4' }, { flags: { CT_EDGES: undefined } });
  assert.equal(settings.CT_EDGES, 4);
});

test('an empty value is the default, and white space around a value does not count', () => {
  const settings = load({ CT_HTTP_PORT: '', CT_EDGES: ' 5 ' });
  assert.deepEqual([settings.CT_HTTP_PORT, settings.CT_EDGES], [1_080, 5]);
});

test('all faults are told at once, each with its setting', () => {
  const faults = faultsOf({
    CT_HTTP_PORT: '70000',
    CT_LOG_LEVEL: 'loud',
    CT_LOGIN: 'simple,ldap',
    CT_JOIN_TOKEN: 'short',
    CT_HTPP_PORT: '1',
  });
  assert.deepEqual([...faults].sort(), [
    'CT_HTPP_PORT: unknown setting, did you mean CT_HTTP_PORT?',
    'CT_HTTP_PORT: "70000" is not a whole number of port from 0 to 65535',
    'CT_JOIN_TOKEN: must have at least 16 characters',
    'CT_LOGIN: "ldap" is not simple or apikey',
    'CT_LOG_LEVEL: must be one of debug, info, warn, error, silent',
  ]);
});

test('a reader of the dashboard has another name than its administrator, for one of them could not log in', () => {
  const reader = { CT_DASHBOARD_READER_PASSWORD: 'to look' };
  const fault = ['CT_DASHBOARD_READER_USER: is the administrator of the dashboard already'];
  const admin = { CT_DASHBOARD_PASSWORD: 'to act' };
  assert.deepEqual(faultsOf({ ...reader, ...admin, CT_DASHBOARD_USER: 'reader' }), fault);
  assert.deepEqual(faultsOf({ ...reader, CT_LOGS_USER: 'reader', CT_LOGS_PASSWORD: 'to act' }), fault);
  assert.deepEqual(faultsOf({ ...reader, CT_DASHBOARD_READER_USER: 'ctuser' }), fault);
  assert.equal(load({ ...reader, ...admin, CT_LOGS_USER: 'ada' }).CT_LOGS_USER, 'ada');
  assert.equal(load({ ...admin, CT_DASHBOARD_USER: 'reader' }).CT_DASHBOARD_USER, 'reader');
});

test('a typo is answered with the nearest name, a far-off name with none', () => {
  assert.deepEqual(faultsOf({ CT_TUNEL_IDLE_TIMEOUT: '1' }), [
    'CT_TUNEL_IDLE_TIMEOUT: unknown setting, did you mean CT_TUNNEL_IDLE_TIMEOUT_MS?',
  ]);
  assert.deepEqual(faultsOf({ CT_QQQQQQQQQQQQ: '1' }), ['CT_QQQQQQQQQQQQ: unknown setting']);
});

test('a typo in the file or among the flags stops the start too', () => {
  assert.equal(faultsOf({}, { fileText: 'CT_EDGE=3' }).length, 1);
  assert.equal(faultsOf({}, { flags: { CT_EDGE: '3' } }).length, 1);
});

test('names of objects’ own properties are unknown settings like any other', () => {
  assert.equal(faultsOf({ CT_constructor: '1' }).length, 1);
  assert.deepEqual(faultsOf({ constructor: '1', __proto__: '2', PATH: '3' }), []);
});

test('variables that Kubernetes makes for a service are ignored without a word', () => {
  const links = {
    CT_PROXY_SERVICE_HOST: '10.0.0.1',
    CT_PROXY_SERVICE_PORT: '1080',
    CT_PROXY_SERVICE_PORT_HTTP: '1080',
    CT_PROXY_PORT: 'tcp://10.0.0.1:1080',
    CT_PROXY_PORT_1080_TCP: 'tcp://10.0.0.1:1080',
    CT_PROXY_PORT_1080_TCP_PROTO: 'tcp',
    CT_PROXY_PORT_1080_TCP_PORT: '1080',
    CT_PROXY_PORT_1080_TCP_ADDR: '10.0.0.1',
    CT_DNS_PORT_53_UDP: 'udp://10.0.0.1:53',
  };
  assert.deepEqual(faultsOf(links), []);
  assert.deepEqual(notesOf(links), []);
});

test('a StatsD server is named without a scheme, and whoever names it with one is told before the start', () => {
  for (const host of ['statsd.example.com', '10.0.0.1', '::1', 'statsd_1'])
    assert.deepEqual(faultsOf({ CT_METRICS_STATSD_HOST: host }), []);
  const faults = faultsOf({ CT_METRICS_STATSD_HOST: 'https://my-graphite-fqdn' });
  assert.match(faults.join(), /^CT_METRICS_STATSD_HOST: .*without https:/);
});

test('a port that is no service link is a typo', () => {
  assert.equal(faultsOf({ CT_HTP_PORT: '1080' }).length, 1);
});

test('names of the original product that do nothing here are noted and ignored', () => {
  assert.deepEqual(notesOf({ CT_JITSI_URL: 'x', CT_AV_ENABLED: 'true' }), [
    'CT_JITSI_URL has no meaning here and is ignored',
    'CT_AV_ENABLED has no meaning here and is ignored',
  ]);
});

test('a number is taken within its bounds, both included, and refused beyond them', () => {
  for (const name of settingNames) {
    const setting: Setting = settingsSchema[name];
    if (setting.type !== 'integer') continue;
    const needed = { CT_LOCATOR: 'ws://front:1091', CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret };
    const role = setting.roles[0]!;
    const given = (value: number): SettingsInput['env'] => ({ ...needed, [name]: String(value) });
    assert.equal(load(given(setting.min), { role })[name], setting.min);
    assert.equal(load(given(setting.max), { role })[name], setting.max);
    assert.equal(faultsOf(given(setting.min - 1), { role }).length, 1, name);
    assert.equal(faultsOf(given(setting.max + 1), { role }).length, 1, name);
  }
});

test('only plain decimal digits are a number', () => {
  for (const text of ['1e3', '0x10', '1.5', '1_000', '+5', 'NaN', '５', '1 000', '--5', '9'.repeat(30)]) {
    assert.equal(faultsOf({ CT_EDGES: text }).length, 1, text);
  }
});

test('a list is split at commas, without empty items', () => {
  assert.deepEqual(load({ CT_TRUSTED_PROXIES: ' 10.0.0.0/8,, ::1 ' }).CT_TRUSTED_PROXIES, [
    '10.0.0.0/8',
    '::1',
  ]);
});

test('an edge needs its secrets and its front doors', () => {
  const faults = faultsOf({}, { role: 'edge' });
  assert.deepEqual(
    faults.map((fault) => fault.split(':')[0]),
    ['CT_JOIN_TOKEN', 'CT_SESSION_SECRET', 'CT_LOCATOR'],
  );
  const env = { CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret, CT_LOCATOR: 'ws://127.0.0.1:1091' };
  assert.deepEqual(faultsOf(env, { role: 'edge' }), []);
});

test('a front door of edges needs the secrets of the fleet, one of static backends does not', () => {
  assert.equal(faultsOf({}, { role: 'proxy' }).length, 2);
  assert.deepEqual(faultsOf({ CT_BACKEND: 'a=http://127.0.0.1:1' }, { role: 'proxy' }), []);
});

test('a backend may be a Unix-domain socket, whose path is absolute and short enough for the system', () => {
  const pathOf = (bytes: number): string => `/${'p'.repeat(bytes - 1)}`;
  const faultsWith = (path: string): readonly string[] =>
    faultsOf({ CT_BACKEND: `a=unix:${path};weight=7` }, { role: 'proxy' });
  assert.deepEqual(faultsWith('/run/a=b.sock'), []);
  assert.deepEqual(faultsWith(pathOf(107)), []);
  assert.deepEqual(faultsWith(pathOf(108)), [
    'CT_BACKEND: a: the path of a socket has at most 107 bytes, this one has 108',
  ]);
  assert.deepEqual(faultsWith(`/${'é'.repeat(60)}`), [
    'CT_BACKEND: a: the path of a socket has at most 107 bytes, this one has 121',
  ]);
  assert.deepEqual(faultsWith('run/a.sock'), ['CT_BACKEND: a: the path of a socket is absolute']);
  const edge = { CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret, CT_LOCATOR: 'ws://127.0.0.1:1' };
  assert.deepEqual(faultsOf({ ...edge, CT_EDGE_SOCKET: 'edge.sock' }, { role: 'edge' }), [
    'CT_EDGE_SOCKET: the path of a socket is absolute',
  ]);
});

test('rules over two settings are told: certificate and key, login by key, names of backends', () => {
  assert.match(faultsOf({ CT_TLS_CERT: 'x' })[0] ?? '', /both or neither/);
  const backends = { CT_BACKEND: 'a=http://127.0.0.1:1,a=http://127.0.0.1:2', CT_LOGIN: 'apikey' };
  const faults = faultsOf(backends, { role: 'proxy' });
  assert.match(faults.join('\n'), /CT_API_KEY: is required/);
  assert.match(faults.join('\n'), /a name stands twice/);
});

test('no fault and no line that people read shows a secret', () => {
  const short = 'hunter2';
  for (const fault of faultsOf({ CT_JOIN_TOKEN: short, CT_API_KEY: short }))
    assert.ok(!fault.includes(short));
  const shown = showSettings(
    load({ CT_JOIN_TOKEN: secret, CT_API_KEY: secret, CT_ADMIN_TOKEN: secret }),
    'direct',
  );
  assert.ok(!shown.join('\n').includes(secret));
  assert.equal(shown.filter((line) => line.includes('=***')).length, 3);
});

test('people see which settings were given and which are the default, each with its unit', () => {
  const shown = showSettings(load({ CT_EDGES: '4' }), 'direct');
  assert.match(
    shown.find((line) => line.startsWith('CT_EDGES=')) ?? '',
    /^CT_EDGES=4 +# edges set, default "3"$/,
  );
  assert.match(shown.find((line) => line.startsWith('CT_HTTP_PORT=')) ?? '', /=1080 +# port default$/);
});

test('people see the settings of their role alone', () => {
  const shown = showSettings(load({}), 'direct').map((line) => line.split('=')[0]);
  assert.ok(shown.includes('CT_EDGES') && !shown.includes('CT_LOCATOR'));
});

test('a setting that the role does not read is ignored, whatever it says', () => {
  assert.equal(load({ CT_EDGE_WEIGHT: 'abc' }).CT_EDGE_WEIGHT, 100);
  assert.deepEqual(
    faultsOf(
      { CT_EDGES: 'abc', CT_LOCATOR: 'ws://front:1091', CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret },
      { role: 'edge' },
    ),
    [],
  );
  assert.equal(faultsOf({ CT_EDGES: 'abc' }).length, 1);
});

test('a flag is the name in lower case, with dashes', () => {
  assert.equal(flagOf('CT_HTTP_PORT'), '--http-port');
  assert.equal(new Set(settingNames.map(flagOf)).size, settingNames.length);
});

test('whatever stands in the environment, the answer is settings or faults, never a throw', () => {
  const name = fc.oneof(
    fc.constantFrom(...settingNames),
    fc.string().map((text) => `CT_${text}`),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.dictionary(name, fc.string({ unit: 'binary' })), fc.string(), (env, fileText) => {
      const result = loadSettings({ role: 'direct', env, fileText });
      if (result.kind === 'invalid') assert.ok(result.faults.length > 0);
    }),
  );
});
