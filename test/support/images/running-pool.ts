/**
 * A pool of containers: a front door and three edges of it, sharing one volume. Started in two ways, on the
 * host's network with ports of its own, and from the unchanged Compose file with a published front door.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { imageOf, nextTag, projectFolder } from './role-images.ts';
import type { ImageRole } from './role-images.ts';
import type { ToolBox } from './tool-box.ts';
import { waitUntil } from './wait-until.ts';

export interface RunningPool {
  /** Of the front door, without a slash at its end. */
  readonly url: string;
  /** Edges first, the front door last: the order of the stop. */
  readonly containers: readonly string[];
}

/** In the pool of the Compose file: what runs it, to replace a service. */
export interface ComposePool extends RunningPool {
  /** Stops the service and starts it anew from the images of the next version. */
  readonly upgrade: (service: string) => Promise<void>;
}

const edgeNumbers = [1, 2, 3] as const;
const volume = 'mooring-host-data';
const project = 'mooring-check';
const upMaxMs = 120_000;
/** As in the Compose file. */
export const stopGraceSeconds = 30;

/** Every container with `--read-only` and no rights, on the host's network, bound to loopback. */
export async function startHostPool(box: ToolBox): Promise<RunningPool> {
  const ports = await freePorts(3 + 2 * edgeNumbers.length);
  const [http, control, admin] = ports.splice(0, 3) as [number, number, number];
  const secrets = makeSecrets();
  const frontSettings = {
    ...secrets,
    CT_HOST: '127.0.0.1',
    CT_HTTP_PORT: String(http),
    CT_CONTROL_HOST: '127.0.0.1',
    CT_CONTROL_PORT: String(control),
    CT_ADMIN_HOST: '127.0.0.1',
    CT_ADMIN_PORT: String(admin),
  };
  await startContainer(box, {
    name: 'host-proxy',
    role: 'proxy',
    network: 'host',
    settings: frontSettings,
  });
  const edges = edgeNumbers.map((number) => `host-edge-${number}`);
  for (const name of edges) {
    const settings = {
      ...secrets,
      CT_EDGE_ID: name,
      CT_EDGE_HOST: '127.0.0.1',
      CT_EDGE_PORT: String(ports.pop()),
      CT_ADMIN_HOST: '127.0.0.1',
      CT_ADMIN_PORT: String(ports.pop()),
      CT_LOCATOR: `ws://127.0.0.1:${control}`,
    };
    await startContainer(box, { name, role: 'edge', network: 'host', settings });
  }
  return { url: `http://127.0.0.1:${http}`, containers: [...edges, 'host-proxy'] };
}

/** An edge whose front door is not there; returns its name. */
export async function startLonelyEdge(box: ToolBox): Promise<string> {
  const name = 'lonely-edge';
  const settings = { ...makeSecrets(), CT_LOCATOR: 'ws://127.0.0.1:1091' };
  await startContainer(box, { name, role: 'edge', network: 'none', settings });
  return name;
}

/** The services of `docker-compose.yml`, with the images that are already built; the database first, as Compose would. */
export async function startComposePool(box: ToolBox): Promise<ComposePool> {
  const [port] = await freePorts(1);
  const env = { ...makeSecrets(), COMPOSE_PROFILES: 'mysql', MOORING_PUBLISH: `127.0.0.1:${port}` };
  await compose(box, ['mysql'], env);
  await waitForHealth(box, containerOf('mysql'));
  // This program knows no conditions of dependencies, which Docker's has.
  await compose(box, ['proxy'], env);
  await waitForHealth(box, containerOf('proxy'));
  const edges = edgeNumbers.map((number) => `edge-${number}`);
  await compose(box, edges, env);
  const upgrade = async (service: string): Promise<void> => {
    const name = containerOf(service);
    await box.run('podman', ['stop', '--time', String(stopGraceSeconds), name]);
    await box.run('podman', ['rm', name]);
    await compose(box, [service], { ...env, MOORING_VERSION: nextTag });
    await waitForHealth(box, name, '--ready');
  };
  const url = `http://127.0.0.1:${port}`;
  return { url, containers: [...edges, 'proxy'].map(containerOf), upgrade };
}

/** What Compose says where a secret is not set. */
export async function composeWithoutSecret(box: ToolBox): Promise<string> {
  const { CT_JOIN_TOKEN } = makeSecrets();
  try {
    await compose(box, ['proxy'], { CT_JOIN_TOKEN: CT_JOIN_TOKEN! });
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('Compose started a pool without CT_SESSION_SECRET');
}

async function compose(
  box: ToolBox,
  services: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<void> {
  const file = join(projectFolder, 'docker-compose.yml');
  const up = ['up', '--no-build', '--no-deps', '--detach', ...services];
  // From another folder, so that a `.env` of the person who runs this stays out of it.
  const options = { cwd: box.folder, env, maxMs: upMaxMs };
  await box.run('podman-compose', ['--project-name', project, '--file', file, ...up], options);
}

function containerOf(service: string): string {
  return `${project}_${service}_1`;
}

/** By the check of the image or the Compose file, or by `mooring health` with a flag. */
export async function waitForHealth(box: ToolBox, name: string, flag?: string): Promise<void> {
  const mooring = ['exec', name, 'node', 'bin/mooring.js', 'health', flag ?? ''];
  const args = flag === undefined ? ['healthcheck', 'run', name] : mooring;
  await waitUntil(async () => (await box.tryRun('podman', args)).code === 0, `${name} is healthy`);
}

interface ContainerOptions {
  readonly name: string;
  readonly role: ImageRole;
  readonly network: 'host' | 'none';
  readonly settings: Readonly<Record<string, string>>;
}

async function startContainer(box: ToolBox, options: ContainerOptions): Promise<void> {
  const { name, role, network, settings } = options;
  const args = ['run', '--detach', '--name', name, '--network', network, '--read-only'];
  args.push('--cap-drop', 'ALL', '--security-opt', 'no-new-privileges:true', '--volume', `${volume}:/data`);
  for (const [setting, value] of Object.entries(settings)) args.push('--env', `${setting}=${value}`);
  await box.run('podman', [...args, imageOf(role)]);
}

function makeSecrets(): Record<string, string> {
  const make = (): string => randomBytes(32).toString('base64url');
  const names = ['CT_JOIN_TOKEN', 'CT_SESSION_SECRET', 'CT_DASHBOARD_PASSWORD', 'MOORING_GRAFANA_PASSWORD'];
  const secrets = Object.fromEntries(names.map((name) => [name, make()]));
  return { ...secrets, MOORING_DATABASE_PASSWORD: randomBytes(24).toString('hex') };
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return (server.address() as AddressInfo).port;
    }),
  );
  for (const server of servers) server.close();
  return ports;
}
