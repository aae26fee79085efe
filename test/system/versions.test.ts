/** `mooring versions` against real registries: open, with a user, and with tokens of an authority; and what runs, marked. */
import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createServer } from '#shared/node-http.ts';
import { SignJWT } from 'jose';
import { version } from '#shared/version.ts';
import { Authority } from '../support/certificate.ts';
import { DockerRegistry, registryPassword, registryUser } from '../support/docker-registry.ts';
import { startEdgeOf } from '../support/edge-process.ts';
import { adminToken, isReady, startFrontDoor } from '../support/front-door.ts';
import { eventually } from '../support/oct-inbox.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';

const basic = `Basic ${Buffer.from(`${registryUser}:${registryPassword}`).toString('base64')}`;
const asUser = { CT_REGISTRY_USER: registryUser, CT_REGISTRY_PASSWORD: registryPassword };

async function versions(
  t: TestContext,
  image: string,
  { env = {}, args = [] }: { env?: Record<string, string>; args?: readonly string[] } = {},
): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-nobody-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const all = { DOCKER_CONFIG: folder, CT_DATA_DIR: folder, CT_REGISTRY_IMAGE: image, ...env };
  return await runCommand(t, ['versions', ...args], all);
}

test('versions stand newest first, with the members that run them; other versions are told', async (t) => {
  const registry = await DockerRegistry.start(t);
  const many = Array.from({ length: 30 }, (_, i) => `0.0.${i}`);
  await registry.push('mooring/edge', ['latest', '9.1.0', `v${version}`, '9.10.0', ...many]);
  const image = `${registry.host}/mooring/edge`;
  const alone = await versions(t, image);
  assert.equal(alone.code, 0, alone.stderr);
  assert.match(alone.stdout, /^ {2}9\.10\.0\n {2}9\.1\.0\n {2}v/);
  assert.match(alone.stdout, /and 14 more \(--limit\)/);
  assert.match(alone.stdout, /what runs is not marked: no admin token/);

  const door = await startFrontDoor(t);
  startEdgeOf(t, [door], 'edge-1');
  await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  const here = { env: { CT_ADMIN_TOKEN: adminToken }, args: ['--admin', door.adminUrl] };
  const marked = await versions(t, image, here);
  assert.match(marked.stdout, new RegExp(`^\\* v${version} +runs on the front door, edge-1$`, 'm'));
  assert.doesNotMatch(marked.stdout, /different versions/);
  await registry.push('other', ['7.0.0']);
  const missing = await versions(t, `${registry.host}/other`, here);
  assert.match(missing.stdout, /runs on the front door, edge-1, and is not in the registry/);
  const json = await versions(t, image, { ...here, args: [...here.args, '--json'] });
  const { tags, isDifferent } = JSON.parse(json.stdout) as { tags: { tag: string }[]; isDifferent: boolean };
  assert.equal(tags.length, 34);
  assert.equal(isDifferent, false);
});

test('a registry that knows its users is asked as one, by the settings or as docker login has kept it', async (t) => {
  const auth = { htpasswd: { realm: 'test', path: DockerRegistry.usersFile(t) } };
  const registry = await DockerRegistry.start(t, { auth, authorization: basic });
  await registry.push('mooring', ['1.0.0']);
  const image = `${registry.host}/mooring`;
  const nobody = await versions(t, image);
  assert.equal(nobody.code, 1);
  assert.match(nobody.stderr, /lets nobody read mooring without a login: set CT_REGISTRY_USER/);
  const wrong = await versions(t, image, { env: { ...asUser, CT_REGISTRY_PASSWORD: 'another' } });
  assert.match(wrong.stderr, /does not let ann read mooring/);
  assert.match((await versions(t, image, { env: asUser })).stdout, /^ {2}1\.0\.0$/m);

  const folder = mkdtempSync(join(tmpdir(), 'mooring-docker-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const config = join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({ auths: { [registry.host]: { auth: basic.slice('Basic '.length) } } }),
  );
  assert.match((await versions(t, image, { env: { DOCKER_CONFIG: folder } })).stdout, /^ {2}1\.0\.0$/m);
  writeFileSync(config, JSON.stringify({ auths: { [registry.host]: {} }, credsStore: 'desktop' }));
  const helped = await versions(t, image, { env: { DOCKER_CONFIG: folder } });
  assert.match(helped.stderr, /keeps the login to .* in a helper \(desktop\), which is not asked/);
  writeFileSync(config, 'no JSON');
  const damaged = await versions(t, image, { env: { DOCKER_CONFIG: folder } });
  assert.match(damaged.stderr, /config\.json cannot be read as Docker's configuration/);
});

test('a registry that takes tokens is asked with one that its authority gives', async (t) => {
  const { own } = new Authority(t);
  const key = createPrivateKey(readFileSync(own.keyPath));
  const certificate = new X509Certificate(readFileSync(own.certPath)).raw.toString('base64');
  const asked: string[] = [];
  const tokenServer = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '', 'http://tokens');
      asked.push(`${request.headers.authorization === basic} ${url.searchParams.get('scope')}`);
      if (request.headers.authorization !== basic) return response.writeHead(401).end();
      const actions = ['pull', 'push'];
      const token = await new SignJWT({ access: [{ type: 'repository', name: 'team/mooring', actions }] })
        .setProtectedHeader({ alg: 'ES256', x5c: [certificate], typ: 'JWT' })
        .setIssuer('tokens of the test')
        .setAudience('registry of the test')
        .setIssuedAt()
        .setNotBefore(Math.floor(Date.now() / 1_000) - 10)
        .setExpirationTime('5m')
        .setJti(String(asked.length))
        .setSubject(registryUser)
        .sign(key);
      return response.end(JSON.stringify({ token }));
    })();
  }).listen(0, '127.0.0.1');
  await once(tokenServer, 'listening');
  t.after(() => tokenServer.close());
  const realm = `http://127.0.0.1:${(tokenServer.address() as AddressInfo).port}/token`;
  const answer = await fetch(realm, { headers: { authorization: basic } });
  const { token } = (await answer.json()) as { token: string };
  const auth = {
    token: {
      realm,
      service: 'registry of the test',
      issuer: 'tokens of the test',
      rootcertbundle: own.certPath,
    },
  };
  const registry = await DockerRegistry.start(t, { auth, authorization: `Bearer ${token}` });
  await registry.push('team/mooring', ['2.0.0', '2.0.1']);
  const image = `${registry.host}/team/mooring`;
  assert.match((await versions(t, image, { env: asUser })).stdout, /^ {2}2\.0\.1\n {2}2\.0\.0\n/);
  assert.equal(asked.at(-1), 'true repository:team/mooring:pull');
  assert.match((await versions(t, image)).stderr, /lets nobody read .* without a login/);
});

test('what is no registry, no image or not there is said in words', async (t) => {
  const door = await startFrontDoor(t);
  for (const [image, words] of [
    [`${door.host}/mooring`, /answers 404|has no mooring/],
    ['127.0.0.1:9/mooring', /127\.0\.0\.1:9 does not answer/],
    ['mooring', /mooring is no image: say HOST\/PATH/],
    ['', /which image\? set CT_REGISTRY_IMAGE/],
  ] as const) {
    const result = await versions(t, image);
    assert.equal(result.code, 1, image);
    assert.match(result.stderr, words);
  }
});
