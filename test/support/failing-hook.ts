/** A file of tests of which one has a hook that fails before those of its processes; says their ids. Its argument: a data folder. */
import { test } from 'node:test';
import { startEdge, locatorOf } from './edge-process.ts';
import { isReady, startFrontDoor } from './front-door.ts';
import { eventually } from './oct-inbox.ts';
import { openPool, startPool } from './pool.ts';

const dataDir = process.argv[2]!;
const { pool: ofSuite } = openPool({ dataDir: `${dataDir}/suite`, env: { CT_EDGES: '1' } });

test('it fails in its first hook', async (t) => {
  t.after(() => {
    throw new Error('a hook that fails');
  });
  await ofSuite.waitUntilReady();
  const pool = await startPool(t, { dataDir: `${dataDir}/pool`, env: { CT_EDGES: '1' } });
  pool.addEdge(t, 'one-more');
  await eventually(async () => (await pool.edges()).length === 2, 'the second edge is there');
  const door = await startFrontDoor(t, { dataDir: `${dataDir}/door` });
  const edge = startEdge(t, {
    id: 'edge-1',
    locators: [locatorOf(door)],
    dataDir: `${dataDir}/door`,
    onLine: () => {},
  });
  await eventually(async () => (await door.edges()).some(isReady), 'the edge is ready');
  const children = [await ofSuite.childPid('edge-1'), await pool.childPid('edge-1')];
  console.log(JSON.stringify({ pids: [ofSuite.pid, pool.pid, door.pid, edge, ...children] }));
});
