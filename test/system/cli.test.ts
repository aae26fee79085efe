/**
 * The command line as an administrator meets it: help that shows how, settings checked before anything
 * starts, readable errors with the promised exit codes, and questions to a running front door.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { adminToken, ask, makeDataDir, startFrontDoor } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const secret = 'a secret that must never be shown';

test('the help lists every command, shows examples and leads from each command to its settings', async (t) => {
  const help = await runCommand(t, ['--help']);
  assert.deepEqual([help.code, help.stderr], [0, '']);
  for (const name of [
    'direct',
    'proxy',
    'edge',
    'check',
    'status',
    'edges',
    'pins',
    'where',
    'sessions',
    'end',
    'remove',
  ]) {
    assert.match(help.stdout, new RegExp(`^ {2}${name} `, 'm'));
  }
  assert.match(help.stdout, /Examples:\n {2}mooring direct/);
  const proxy = await runCommand(t, ['proxy', '--help']);
  assert.match(proxy.stdout, /--backend <item>[\s\S]*NAME=URL/);
  assert.match(proxy.stdout, /\[CT_HTTP_PORT\] \(default 1080\)/);
  assert.match((await runCommand(t, ['--version'])).stdout, /^\d+\.\d+\.\d+\n$/);
});

test('an unknown command or flag is named, with the way to the help', async (t) => {
  for (const args of [['stauts'], ['proxy', '--http-prot', '1']]) {
    const result = await runCommand(t, args);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /unknown (command|option) '(stauts|--http-prot)'[\s\S]*--help/);
  }
});

test('check prints the effective settings with secrets masked and says that they are valid', async (t) => {
  const env = { CT_HTTP_PORT: '8080', CT_API_KEY: secret, CT_JOIN_TOKEN: secret };
  const result = await runCommand(t, ['check', '--edges', '5'], env);
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.match(result.stdout, /^CT_HTTP_PORT=8080 +# port set, default "1080"$/m);
  assert.match(result.stdout, /^CT_EDGES=5 /m);
  assert.match(result.stdout, /^CT_API_KEY=\*\*\* /m);
  assert.match(result.stdout, /^CT_JOIN_TOKEN=\*\*\* /m);
  assert.match(result.stdout, /settings of mooring direct are valid\n$/);
  assert.equal(result.stdout.includes(secret), false);
});

test('faults are listed all at once, the nearest known name with a typo, and the exit is 2', async (t) => {
  const env = {
    CT_HTPP_PORT: '1',
    CT_ADMIN_PORT: '70000',
    CT_LOG_LEVEL: 'loud',
    CT_JOIN_TOKEN: 'short',
    CT_BACKEND: 'a=ftp://x',
    CT_COMPLETELY_DIFFERENT_THING: '1',
  };
  for (const args of [['check', '--role', 'proxy'], ['proxy']]) {
    const result = await runCommand(t, args, env);
    assert.deepEqual([result.code, result.stdout], [2, '']);
    const lines = result.stderr.trimEnd().split('\n');
    assert.equal(lines[0], 'mooring: 6 fault(s) in the settings');
    const faults = lines.slice(1).sort();
    assert.match(faults[0]!, /CT_ADMIN_PORT: "70000" is not a whole number of port from 0 to 65535/);
    assert.match(faults[1]!, /CT_BACKEND: "a=ftp:\/\/x" is not NAME=URL/);
    assert.match(faults[2]!, /CT_COMPLETELY_DIFFERENT_THING: unknown setting$/);
    assert.match(faults[3]!, /CT_HTPP_PORT: unknown setting, did you mean CT_HTTP_PORT\?/);
    assert.match(faults[4]!, /CT_JOIN_TOKEN: must have at least 16 characters/);
    assert.match(faults[5]!, /CT_LOG_LEVEL: must be one of debug, info, warn, error, silent/);
  }
});

test('what must be set together, and roles and files that do not exist, are faults too', async (t) => {
  const pair = await runCommand(t, ['check'], { CT_TLS_CERT: 'cert.pem' });
  assert.deepEqual([pair.code, /CT_TLS_CERT and CT_TLS_KEY/.test(pair.stderr)], [2, true]);
  const alone = await runCommand(t, ['proxy']);
  assert.deepEqual(
    [alone.code, /CT_JOIN_TOKEN: is required unless CT_BACKEND is set/.test(alone.stderr)],
    [2, true],
  );
  const role = await runCommand(t, ['check', '--role', 'judge']);
  assert.deepEqual([role.code, /--role must be one of direct, proxy, edge/.test(role.stderr)], [2, true]);
  const file = await runCommand(t, ['check', '--settings-file', 'not-there.env']);
  assert.deepEqual([file.code, /CT_SETTINGS_FILE: .*not-there\.env/.test(file.stderr)], [2, true]);
});

test('names of the original product are noted and ignored, links of Kubernetes services pass in silence', async (t) => {
  const env = {
    CT_AV_ENABLED: 'true',
    CT_SERVER_SERVICE_HOST: '10.0.0.1',
    CT_SERVER_PORT: 'tcp://10.0.0.1:80',
  };
  const result = await runCommand(t, ['check'], env);
  assert.equal(result.code, 0);
  assert.equal(result.stderr, 'mooring: CT_AV_ENABLED has no meaning here and is ignored\n');
});

test('a second process on the same port says so in one line and exits with 1', async (t) => {
  const { door } = await start(t);
  for (const [name, port] of [
    ['--http-port', door.port],
    ['--admin-port', Number(new URL(door.adminUrl).port)],
  ] as const) {
    const flags = ['--backend', 'a=http://127.0.0.1:9', '--http-port', '0', '--admin-port', '0'];
    const result = await runCommand(t, ['proxy', ...flags, name, String(port), '--data-dir', makeDataDir(t)]);
    assert.equal(result.code, 1);
    assert.match(result.stderr, new RegExp(`^mooring: port ${port} is in use .*\\n$`));
  }
});

test('status, edges, pins and where tell about a running front door, for people and as JSON', async (t) => {
  const { door, inspect } = await start(t);
  await ask(door, '/', { headers: { ctstickiness: 'my-key' } });
  const { epoch } = await door.where('my-key');

  const status = await inspect('status');
  assert.match(status.stdout, /^edges +1\nready +1\npins +1$/m);
  const statusJson = JSON.parse((await inspect('status', '--json')).stdout) as Record<string, unknown>;
  assert.deepEqual([statusJson['edges'], statusJson['ready'], statusJson['pins']], [1, 1, 1]);

  const [head, row] = (await inspect('edges')).stdout.split('\n');
  assert.match(head!, /^EDGE +STATE +INC +WEIGHT +PINS /);
  assert.match(row!, /^a +ready +1 +100 +1 /);
  const [edge] = JSON.parse((await inspect('edges', '--json')).stdout) as Record<string, unknown>[];
  assert.deepEqual([edge!['id'], edge!['state'], edge!['pins']], ['a', 'ready', 1]);

  const pins = await inspect('pins');
  assert.match(pins.stdout, new RegExp(`^a +${epoch} +live +my-key$`, 'm'));
  assert.match(pins.stdout, /1 of 1 pins\n$/);
  const pinsJson = JSON.parse((await inspect('pins', '--json', '--limit', '1')).stdout) as Record<
    string,
    unknown
  >;
  assert.equal(pinsJson['total'], 1);

  const where = await inspect('where', 'my-key');
  assert.equal(where.stdout, `my-key is on a (incarnation 1, epoch ${epoch}, live)\n`);
  const whereJson = JSON.parse((await inspect('where', 'my-key', '--json')).stdout) as Record<
    string,
    unknown
  >;
  assert.deepEqual([whereJson['edge'], whereJson['epoch'], whereJson['ownerIsOver']], ['a', epoch, false]);
});

test('questions that cannot be answered end in one readable line and exit 1', async (t) => {
  const { door, inspect } = await start(t);
  const cases = [
    [await inspect('where', 'nobody'), /^mooring: session-not-found: .*\n$/],
    [await inspect('where', 'no key'), /^mooring: key-invalid: .*\n$/],
    [await inspect('pins', '--limit', '0'), /^mooring: .*--limit.*1 to 1000.*\n$/],
    [
      await runCommand(t, ['status', '--admin', door.adminUrl], { CT_ADMIN_TOKEN: `not ${adminToken}` }),
      /^mooring: token-invalid: .*\n$/,
    ],
    [
      await runCommand(t, ['status', '--admin', door.adminUrl, '--data-dir', makeDataDir(t)]),
      /^mooring: no admin token: .*\n$/,
    ],
    [
      await runCommand(t, ['status', '--admin', 'http://127.0.0.1:9'], { CT_ADMIN_TOKEN: adminToken }),
      /^mooring: no front door answers at .*\n$/,
    ],
    [
      await runCommand(t, ['status', '--admin', 'nonsense'], { CT_ADMIN_TOKEN: adminToken }),
      /^mooring: .*--admin.*\n$/,
    ],
  ] as const;
  for (const [result, expected] of cases) {
    assert.match(result.stderr, expected);
    assert.deepEqual([result.code, result.stdout], [1, '']);
  }
});

async function start(
  t: TestContext,
): Promise<{ door: FrontDoor; inspect: (...args: string[]) => Promise<RunResult> }> {
  const door = await startFrontDoor(t, { backends: [await startStaticBackend(t, 'a')] });
  const inspect = async (...args: string[]): Promise<RunResult> =>
    await runCommand(t, [...args, '--admin', door.adminUrl], { CT_ADMIN_TOKEN: adminToken });
  return { door, inspect };
}
