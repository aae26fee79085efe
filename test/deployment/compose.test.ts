/** The Compose file and what its monitoring reads, held against the schema of Compose and against what the program is. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadSettings } from '#shared/settings/load.ts';
import { settingsSchema } from '#shared/settings/schema.ts';
import { parseLocatorConfig } from '#shared/sql/database-settings.ts';
import { parse } from 'yaml';
import { projectFolder, readProjectFile } from '../tidy/project-files.ts';
import { composeFaults, rawComposeFile, readComposeFile } from './compose-file.ts';
import { exposedPorts, imageLabels, imageSettings, ownTag, roleOf } from './image-files.ts';

const secrets = [
  'CT_JOIN_TOKEN',
  'CT_SESSION_SECRET',
  'CT_DASHBOARD_PASSWORD',
  'MOORING_DATABASE_PASSWORD',
  'MOORING_GRAFANA_PASSWORD',
];
const variables = Object.fromEntries([
  ...secrets.map((name) => [name, 'a'.repeat(48)]),
  ['COMPOSE_PROFILES', 'mysql'],
]) as Record<string, string>;
const file = readComposeFile(variables);
const members = Object.entries(file.services).flatMap(([name, service]) => {
  const role = roleOf(service.image);
  return role === undefined ? [] : [{ name, service, role }];
});

test('the file is valid by the schema of the Compose specification, and a misspelt key is not', () => {
  assert.deepEqual(composeFaults(rawComposeFile()), []);
  const misspelt = { services: { one: { image: 'one', enviroment: {} } } };
  assert.match(composeFaults(misspelt).join(), /additional properties/);
});

test('it is refused without a secret or a profile, with a text that names it, and the head of the file makes them all', () => {
  const head = readProjectFile('docker-compose.yml').split('\nname:', 1)[0]!;
  for (const name of [...secrets, 'COMPOSE_PROFILES']) {
    assert.throws(
      () => readComposeFile({ ...variables, [name]: '' }),
      new RegExp(`^Error: ${name} must be set`),
    );
    assert.ok(head.includes(name), name);
  }
});

test('a front door and three edges start with settings that their roles read', () => {
  assert.deepEqual(members.map(({ name }) => name).toSorted(), ['edge-1', 'edge-2', 'edge-3', 'proxy']);
  for (const { name, service, role } of members) {
    for (const setting of Object.keys(service.environment)) {
      assert.ok(setting in settingsSchema, `${setting} is a setting`);
      const { roles } = settingsSchema[setting as keyof typeof settingsSchema];
      assert.ok((roles as readonly string[]).includes(role), `${name}: ${setting} is read by ${role}`);
    }
    const result = loadSettings({ role, env: { ...imageSettings(role), ...service.environment } });
    assert.equal(result.kind, 'valid', JSON.stringify(result));
  }
});

test('members find the database of the profile, by the name of its service', () => {
  for (const dialect of ['mysql', 'postgres']) {
    const { services } = readComposeFile({ ...variables, MOORING_DATABASE: dialect });
    assert.deepEqual(services[dialect]?.profiles, [dialect]);
    for (const { name } of members) {
      const result = parseLocatorConfig(services[name]!.environment['CT_LOCATOR_CONFIG']!);
      assert.ok(result.kind === 'valid' && result.config.database !== undefined, name);
      const { host, dialect: spoken, password, user, schema } = result.config.database;
      assert.deepEqual([host, spoken, password], [dialect, dialect, variables['MOORING_DATABASE_PASSWORD']]);
      const prefix = dialect.toUpperCase();
      const made: Record<string, string> = services[dialect].environment;
      const names = [
        `${prefix}_USER`,
        `${prefix}_PASSWORD`,
        dialect === 'mysql' ? 'MYSQL_DATABASE' : 'POSTGRES_DB',
      ];
      assert.deepEqual(
        names.map((key) => made[key]),
        [user, password, schema],
      );
    }
  }
});

test('every container is without rights, writes nothing but its volumes, and has a tag that says what it is', () => {
  for (const [name, { image, read_only, cap_drop, security_opt }] of Object.entries(file.services)) {
    assert.deepEqual([read_only, cap_drop, security_opt], [true, ['ALL'], ['no-new-privileges:true']], name);
    const tag = /:([^:/]+)$/.exec(image)?.[1];
    assert.ok(tag !== undefined && tag !== 'latest', image);
    if (roleOf(image) !== undefined) assert.equal(tag, ownTag);
  }
});

test('members run under an init, and their images say what they are, of which version', () => {
  for (const { name, service, role } of members) {
    assert.equal(service.init, true, name);
    const { title, description, version, licenses } = imageLabels(role);
    assert.deepEqual([version, licenses], [ownTag, 'MIT']);
    assert.ok(title !== undefined && description !== undefined, name);
  }
});

test('what is published is a port of the image, on this machine alone unless somebody says otherwise', () => {
  for (const { service, role } of members) {
    for (const published of service.ports) {
      const [, port = ''] = /^127\.0\.0\.1:\d+:(\d+)$/.exec(published)!;
      assert.ok(exposedPorts(role).includes(Number(port)), published);
    }
  }
  const others = ['mysql', 'postgres'].flatMap((name) => file.services[name]!.ports);
  assert.deepEqual(others, [], 'databases are not published');
});

test('folders and files that containers get are there, and volumes are declared', () => {
  const mounted = Object.values(file.services).flatMap(({ volumes }) =>
    volumes.map((line) => line.split(':', 1)[0]!),
  );
  for (const source of mounted) {
    if (source.startsWith('./')) assert.ok(existsSync(join(projectFolder, source)), source);
    else assert.ok(source in file.volumes, source);
  }
});

test('Prometheus asks every member at its admin port, and its checker finds no fault', () => {
  const folder = join(projectFolder, 'deploy/prometheus');
  const config = parse(readFileSync(join(folder, 'compose.yml'), 'utf8')) as {
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  const targets = config.scrape_configs.map(({ job_name: job, static_configs: [first] }) => [
    job,
    first!.targets,
  ]);
  const of = (role: string): string[] =>
    members.filter((member) => member.role === role).map(({ name }) => `${name}:1090`);
  assert.deepEqual(targets, [
    ['mooring-front-door', of('proxy')],
    ['mooring-edge', of('edge')],
  ]);
  execFileSync('promtool', ['check', 'config', 'compose.yml'], { cwd: folder, stdio: 'pipe' });
});
