/** What leaves the pool, through a real proxy: tunnels to a registry and to a provider of single sign-on, and plain requests. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { Authority } from '../support/certificate.ts';
import { DockerRegistry } from '../support/docker-registry.ts';
import { makeDataDir, startFrontDoor } from '../support/front-door.ts';
import { startTinyproxy } from '../support/proxy-program.ts';
import { runCommand } from '../support/run-command.ts';
import { comeBack, startSignOnProvider } from '../support/sign-on-provider.ts';
import { Viewer } from '../support/viewer.ts';

test('registry and provider are asked through CT_PROXY, whose password nobody sees, but for the hosts of NO_PROXY', async (t) => {
  const authority = new Authority(t);
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(authority.own.certPath, 'utf8')]);
  const certificate = authority.sign('IP:127.0.0.1');
  const proxy = await startTinyproxy(t, 'ann', 's3cret-of-the-proxy');
  const trusting = { NODE_EXTRA_CA_CERTS: authority.own.certPath, CT_DATA_DIR: makeDataDir(t) };

  const registry = await DockerRegistry.start(t, { certificate });
  await registry.push('mooring', ['1.2.3']);
  const list = async (more: Record<string, string>): ReturnType<typeof runCommand> => {
    const env = { CT_REGISTRY_IMAGE: `https://${registry.host}/mooring`, ...trusting, CT_PROXY: proxy.url };
    return await runCommand(t, ['versions'], { ...env, ...more });
  };
  assert.match((await list({})).stdout, /1\.2\.3/);
  assert.deepEqual(proxy.asked(), [`CONNECT ${registry.host}`]);
  assert.match((await list({ NO_PROXY: '127.0.0.1' })).stdout, /1\.2\.3/);
  assert.equal(proxy.asked().length, 1);
  const refused = await list({ CT_PROXY: proxy.url.replace('s3cret', 'wrong-word') });
  assert.equal(refused.code, 1);
  assert.doesNotMatch(refused.stderr + refused.stdout, /wrong-word|1\.2\.3/);
  const shown = await runCommand(t, ['check'], { CT_PROXY: proxy.url });
  assert.match(shown.stdout, /^CT_PROXY=\*\*\*/m);

  const plain = await DockerRegistry.start(t);
  await plain.push('mooring', ['4.5.6']);
  assert.match((await list({ CT_REGISTRY_IMAGE: `${plain.host}/mooring` })).stdout, /4\.5\.6/);
  assert.match(proxy.asked().at(-1)!, new RegExp(`^GET http://${plain.host}/v2/mooring/tags/list`));

  const provider = await startSignOnProvider(t, certificate);
  const { own } = authority;
  const door = await startFrontDoor(t, {
    settings: { ...provider.settings, CT_PROXY: proxy.url, CT_UPSTREAM_CA: own.certPath },
  });
  await provider.serve(`http://${door.host}`);
  const before = proxy.asked().length;
  const viewer = new Viewer(door);
  const landed = await viewer.ask(await comeBack(viewer, 'ada'));
  assert.equal(landed.status, 200, landed.text);
  assert.deepEqual(new Set(proxy.asked().slice(before)), new Set([`CONNECT ${new URL(provider.url).host}`]));
});
