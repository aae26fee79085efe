/**
 * Our own front door with edges for benchmarks that need real ones, and what a client has to say to an edge when
 * it comes without the front door.
 */
import { join } from 'node:path';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import { internalHeaders } from '#shared/internal-headers.ts';
import { Child } from './child.ts';

export interface PoolEdge {
  readonly id: string;
  readonly incarnation: number;
  /** NaN on a Unix-domain socket. */
  readonly port: number;
}

export interface MooringPool {
  readonly frontPort: number;
  readonly edges: readonly PoolEdge[];
  /** The supervisor with front door and edges as its children, or the edge alone where it was started by itself. */
  readonly child: Child;
}

const command = join(import.meta.dirname, '../bin/mooring.js');
const readyMaxMs = 30_000;
const answerMaxMs = 5_000;
export const benchSecrets = {
  CT_JOIN_TOKEN: 'join token of the bench',
  CT_SESSION_SECRET: 'session secret of the bench',
  CT_ADMIN_TOKEN: 'admin token of the bench',
};

/** The pace of a member is for fair shares; here one member speaks for many, and the question is what the edge can do. */
const unpaced = { CT_MEMBER_MESSAGES_PER_SECOND: '1000000', CT_MEMBER_BYTES_PER_SECOND: '1073741824' };

/** `mooring direct`: everything on the core of the proxy. */
export async function startDirect(
  folder: string,
  edges: number,
  settings: Readonly<Record<string, string>>,
): Promise<MooringPool> {
  const child = startMooring('direct', {
    folder,
    core: 'proxy',
    settings: { ...unpaced, ...settings, CT_EDGES: String(edges) },
  });
  const pattern = /^mooring direct ready: .*?http:\/\/127\.0\.0\.1:(\d+).*?admin on (\d+)/m;
  const [, front, admin] = await child.waitForLine(pattern, readyMaxMs);
  return { frontPort: Number(front), edges: await readEdges(Number(admin)), child };
}

/** One edge alone on the core of the proxy; its front door, which only renews the lease, is on the other one. */
export async function startEdge(folder: string): Promise<MooringPool> {
  const front = startMooring('proxy', { folder, core: 'load', settings: {} });
  const pattern = /^mooring proxy ready: http:\/\/127\.0\.0\.1:(\d+).*?admin on (\d+), edges join on (\d+)/m;
  const [, frontPort, admin, control] = await front.waitForLine(pattern, readyMaxMs);
  const settings = {
    ...unpaced,
    CT_EDGE_ID: 'edge-1',
    CT_EDGE_PORT: '0',
    CT_LOCATOR: `ws://127.0.0.1:${control}`,
  };
  const child = startMooring('edge', { folder, core: 'proxy', settings });
  await child.waitForLine(/^mooring edge ready/m, readyMaxMs);
  return { frontPort: Number(frontPort), edges: await readEdges(Number(admin)), child };
}

/** Headers with which an edge takes an exchange of a key that nobody else has placed. */
export function edgeHeaders(edge: PoolEdge, key: string): Record<string, string> {
  return {
    [internalHeaders.pass]: deriveFleetSecrets(benchSecrets.CT_JOIN_TOKEN).pass,
    [internalHeaders.owner]: `${edge.id}:${edge.incarnation}`,
    [internalHeaders.key]: key,
    [internalHeaders.epoch]: '1',
    [internalHeaders.exchange]: 'bench',
  };
}

interface MooringOptions {
  readonly folder: string;
  readonly core: 'load' | 'proxy';
  readonly settings: Readonly<Record<string, string>>;
}

function startMooring(role: 'direct' | 'proxy' | 'edge', { folder, core, settings }: MooringOptions): Child {
  const ports = role === 'edge' ? {} : { CT_HTTP_PORT: '0', CT_CONTROL_PORT: '0' };
  return new Child({
    name: `mooring-${role}`,
    command: process.execPath,
    args: [command, role],
    core,
    folder,
    environment: {
      ...benchSecrets,
      ...ports,
      CT_ADMIN_PORT: '0',
      CT_DATA_DIR: join(folder, 'data'),
      CT_LOG_LEVEL: 'info',
      ...settings,
    },
  });
}

async function readEdges(adminPort: number): Promise<PoolEdge[]> {
  const response = await fetch(`http://127.0.0.1:${adminPort}/admin/edges`, {
    headers: { authorization: `Bearer ${benchSecrets.CT_ADMIN_TOKEN}` },
    signal: AbortSignal.timeout(answerMaxMs),
  });
  const { edges } = (await response.json()) as { edges: (Omit<PoolEdge, 'port'> & { address: string })[] };
  return edges.map(({ id, incarnation, address }) => ({
    id,
    incarnation,
    port: Number(new URL(address).port),
  }));
}
