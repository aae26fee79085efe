/**
 * `npm run test:images`: builds both images from the unchanged Dockerfiles, runs a front door and three
 * edges of them in two ways with real traffic, stops them and removes what it made, rules of iptables
 * included. Debian packages that it had to install stay. `--store FOLDER` keeps the images for the next run.
 */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import assert from 'node:assert/strict';
import {
  checkCommandLine,
  checkContainers,
  checkDocument,
  checkSession,
  checkStickiness,
  checkStop,
  checkStopBeforeJoin,
  readLogs,
  waitForEdges,
} from './pool-checks.ts';
import { Firewall } from './firewall.ts';
import { buildImage, checkContent, checkRefusal, checkSize, layersOf, roles } from './role-images.ts';
import { composeWithoutSecret, startComposePool, startHostPool } from './running-pool.ts';
import type { ComposePool, RunningPool } from './running-pool.ts';
import { ensureBaseImages } from './stand-in-base.ts';
import { ensureDatabaseImage } from './stand-in-database.ts';
import { checkUpgrade } from './upgrade-check.ts';
import { ToolBox, installTools } from './tool-box.ts';

const { values } = parseArgs({ options: { store: { type: 'string' } } });
const bytesPerMegabyte = 1_000_000;

await main();

async function main(): Promise<void> {
  await step('container tools are installed', installTools);
  const firewall = await Firewall.remember();
  const box = ToolBox.open(workFolder());
  try {
    await testImages(box);
  } catch (error) {
    console.log(await readLogs(box));
    console.error(error);
    process.exitCode = 1;
  } finally {
    await (values.store === undefined ? box.remove() : box.clear());
    await step('rules of iptables are as before', async () => await firewall.restore());
  }
}

async function testImages(box: ToolBox): Promise<void> {
  await box.clear();
  await step('stand-ins for the base images are there', async () => await ensureBaseImages(box));
  for (const role of roles) {
    await step(`Dockerfile.${role} builds`, async () => await buildImage(box, role));
    const layers = await layersOf(box, role);
    for (const { step, bytes } of layers) {
      console.log(`     ${(bytes / bytesPerMegabyte).toFixed(2).padStart(6)} MB  ${step}`);
    }
    await step(`the ${role} image is small`, async () => await Promise.resolve(checkSize(layers)));
    await step(`the ${role} image holds its role and no more`, async () => await checkContent(box, role));
    await step(`the ${role} image does not start without secrets`, async () => {
      await checkRefusal(box, role);
    });
  }
  await step('an edge whose front door is not there is alive and stops in time with exit 0', async () => {
    await checkStopBeforeJoin(box);
  });
  // The pool begins with an empty volume, in which its edges meet for the first time.
  await box.clear();
  await testPool(box, 'on the host’s network, over SQLite', startHostPool);
  await step('Compose refuses to start without a secret and names it', async () => {
    assert.match(await composeWithoutSecret(box), /CT_SESSION_SECRET must be set/);
  });
  await step('a stand-in for the image of MySQL is there', async () => await ensureDatabaseImage(box));
  await testPool(box, 'from docker-compose.yml, with their database', startComposePool, upgrade);
}

async function upgrade(pool: ComposePool): Promise<void> {
  const figures = await step(
    'front door and edges are replaced one after the other while members type: nothing is lost, nobody put out',
    async () => await checkUpgrade(pool),
  );
  console.log(`     ${JSON.stringify(figures)}`);
}

/** `more` is what this pool has to stand besides. */
async function testPool<Pool extends RunningPool>(
  box: ToolBox,
  where: string,
  start: (box: ToolBox) => Promise<Pool>,
  more?: (pool: Pool) => Promise<void>,
): Promise<void> {
  const pool = await step(`a front door and three edges start ${where}`, async () => await start(box));
  await step('all edges join', async () => await waitForEdges(pool));
  const counts = await step('64 keys stay on their edges, and every edge has some', async () => {
    return await checkStickiness(pool);
  });
  console.log(`     ${JSON.stringify(counts)}`);
  await step('a y-websocket pair converges', async () => await checkDocument(pool));
  await step('a host and a guest hold a session', async () => await checkSession(pool));
  await step('every container is healthy, not root, and read-only', async () => {
    await checkContainers(box, pool);
  });
  await step('`mooring edges` in the front door’s container lists them', async () => {
    await checkCommandLine(box, pool);
  });
  await more?.(pool);
  await step('podman stop ends every container in time with exit 0', async () => await checkStop(box, pool));
  await box.clear();
}

function workFolder(): string {
  if (values.store === undefined) return mkdtempSync(join(tmpdir(), 'mooring-images-'));
  const folder = resolve(values.store);
  mkdirSync(folder, { recursive: true });
  return folder;
}

async function step<T>(promise: string, work: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await work();
    console.log(`ok   ${promise} (${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
    return result;
  } catch (error) {
    console.log(`FAIL ${promise}`);
    throw error;
  }
}
