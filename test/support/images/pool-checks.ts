/** What has to hold for a pool of containers, looked at from outside through its published front door. */
import assert from 'node:assert/strict';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { hostSession, joinSession, logIn } from '../oct-client.ts';
import { startLonelyEdge, stopGraceSeconds, waitForHealth } from './running-pool.ts';
import type { RunningPool } from './running-pool.ts';
import type { ToolBox } from './tool-box.ts';
import { waitUntil } from './wait-until.ts';

const keyCount = 64;
const linesShownMax = 20;

export async function waitForEdges(pool: RunningPool): Promise<void> {
  const edges = pool.containers.length - 1;
  await waitUntil(async () => {
    const response = await fetch(`${pool.url}/ct-health/`);
    return ((await response.json()) as { ready: number }).ready === edges;
  }, `${edges} edges are ready`);
}

/** Returns how many keys each edge has. */
export async function checkStickiness(pool: RunningPool): Promise<Record<string, number>> {
  let counts: Record<string, number> = {};
  let batch = 0;
  // An edge whose first report says that it is still busy with its start gets no keys until the next one.
  await waitUntil(async () => {
    batch++;
    const keys = Array.from({ length: keyCount }, (_, number) => `key-${batch}-${number}`);
    const first = await Promise.all(keys.map(async (key) => await edgeOf(pool, key)));
    const again = await Promise.all(keys.map(async (key) => await edgeOf(pool, key)));
    assert.deepEqual(again, first, 'each key stays on its edge');
    counts = countByName(first);
    return Object.keys(counts).length === pool.containers.length - 1;
  }, `${keyCount} new keys reach every edge`);
  return counts;
}

/** Two y-websocket clients that edit at once end with the same text. */
export async function checkDocument(pool: RunningPool): Promise<void> {
  const [one, two] = [openDocument(pool), openDocument(pool)];
  try {
    await waitUntil(async () => one.provider.synced && two.provider.synced, 'both clients are in sync');
    one.text.insert(0, 'left ');
    two.text.insert(0, 'right ');
    const isSame = async (): Promise<boolean> =>
      one.text.length === 'left right '.length && one.text.toJSON() === two.text.toJSON();
    await waitUntil(isSame, 'both clients have the same text');
  } finally {
    one.close();
    two.close();
  }
}

/** A host and a guest of the Open Collaboration Protocol meet and talk, unmodified clients both. */
export async function checkSession(pool: RunningPool): Promise<void> {
  const { url } = pool;
  const host = await hostSession({ url, loginToken: await logIn(url, 'host') });
  try {
    const guest = await joinSession({ url, loginToken: await logIn(url, 'guest') }, host.key);
    try {
      await guest.events.next((event) => event.kind === 'init', 'the welcome of the host');
      await guest.connection.chat.sendMessage('from a container');
      const chat = await host.events.next((event) => event.kind === 'chat', 'the message of the guest');
      assert.ok(chat.kind === 'chat' && chat.text === 'from a container');
    } finally {
      guest.dispose();
    }
  } finally {
    host.dispose();
  }
}

/** The image's own health check passes, and the container can write nothing but its data. */
export async function checkContainers(box: ToolBox, pool: RunningPool): Promise<void> {
  for (const name of pool.containers) {
    await waitForHealth(box, name);
    const inside = 'id -u; touch /home/node/x 2>/dev/null && echo written; test -w /data';
    const seen = await box.run('podman', ['exec', name, '/bin/sh', '-c', inside]);
    assert.equal(seen.trim(), '1000', `${name} is user 1000 and its image is read-only`);
  }
}

/** The command line in the front door's container finds its admin port and token by itself. */
export async function checkCommandLine(box: ToolBox, pool: RunningPool): Promise<void> {
  const ask = ['exec', pool.containers.at(-1)!, 'node', 'bin/mooring.js', 'edges', '--json'];
  const edges = JSON.parse(await box.run('podman', ask)) as { state: string }[];
  assert.deepEqual(
    edges.map((edge) => edge.state),
    pool.containers.slice(1).map(() => 'ready'),
  );
}

/** Every container ends by itself in time, with a client connected: one that had to be killed would show 137. */
export async function checkStop(box: ToolBox, pool: RunningPool): Promise<void> {
  const client = openDocument(pool);
  try {
    await waitUntil(async () => client.provider.synced, 'the client is in sync');
    for (const name of pool.containers) await checkStopOf(box, name);
  } finally {
    client.close();
  }
}

/** An edge whose front door is not there yet is told to stop, as when a whole host goes down. */
export async function checkStopBeforeJoin(box: ToolBox): Promise<void> {
  const name = await startLonelyEdge(box);
  await waitForHealth(box, name);
  await checkStopOf(box, name);
}

/** What the containers said, for whoever has to find out why a check failed. */
export async function readLogs(box: ToolBox): Promise<string> {
  const names = (await box.run('podman', ['ps', '--all', '--format', '{{.Names}}'])).trim().split('\n');
  const logs = names.map(async (name) => {
    const { output, errors } = await box.tryRun('podman', ['logs', name]);
    const lines = `${output}${errors}`.split('\n').filter((line) => !line.includes('exchange.settled'));
    return `--- ${name}\n${lines.slice(-linesShownMax).join('\n')}\n`;
  });
  return (await Promise.all(logs)).join('');
}

export interface OpenDocument {
  readonly provider: WebsocketProvider;
  readonly text: Y.Text;
  close(): void;
}

async function checkStopOf(box: ToolBox, name: string): Promise<void> {
  await box.run('podman', ['stop', '--time', String(stopGraceSeconds), name]);
  const state = await box.run('podman', ['inspect', '--format', '{{.State.ExitCode}}', name]);
  assert.equal(state.trim(), '0', `${name} ends with exit 0`);
}

async function edgeOf(pool: RunningPool, key: string): Promise<string> {
  const response = await fetch(`${pool.url}/ct-health/`, { headers: { ctstickiness: key } });
  assert.equal(response.status, 200);
  return ((await response.json()) as { edge: string }).edge;
}

function countByName(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

export function openDocument(pool: RunningPool, key = 'container-session'): OpenDocument {
  const document = new Y.Doc();
  const url = `${pool.url.replace('http', 'ws')}/y/${key}`;
  // Without the broadcast channel, over which clients of one process would find each other.
  const provider = new WebsocketProvider(url, 'notes', document, { disableBc: true });
  return {
    provider,
    text: document.getText('text'),
    close: () => {
      provider.destroy();
      // Ends the timer of the awareness, which would keep this process alive.
      document.destroy();
    },
  };
}
