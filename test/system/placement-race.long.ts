/** Many keys at once through a real front door while the membership changes: no key has two owners. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Agent, request } from 'undici';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';

const keys = 10_000;
const clients = 50;
/** Each key is asked for so often, by different clients at about the same time. */
const asks = 3;

interface Answer {
  readonly owner: string;
  readonly atMs: number;
}

/** Asks for the owner of a key, by header or by cookie; undefined where no edge could answer. */
async function askOwner(
  pool: Pool,
  agent: Agent,
  key: string,
  byCookie: boolean,
): Promise<Answer | undefined> {
  const headers = byCookie ? { cookie: `other=1; ctstickiness=${key}` } : { ctstickiness: key };
  const { statusCode, body } = await request(`${pool.url}/ct-health/`, { dispatcher: agent, headers });
  const answer = (await body.json()) as { edge: string; incarnation: number };
  if (statusCode !== 200) {
    assert.equal(statusCode, 503, `status ${statusCode}: ${JSON.stringify(answer)}`);
    return undefined;
  }
  return { owner: `${answer.edge}:${answer.incarnation}`, atMs: performance.now() };
}

test('10,000 keys at once from 50 clients, while an edge leaves and another joins: no key has two owners', async (t) => {
  const pool = await startPool(t);
  const agent = new Agent({ connections: clients });
  t.after(async () => await agent.close());
  const answers = new Map<string, Answer[]>();
  let asked = 0;
  let unanswered = 0;
  const runClient = async (client: number): Promise<void> => {
    for (let i = client; i < keys * asks; i += clients) {
      const key = `key-${Math.floor(i / asks)}`;
      const answer = await askOwner(pool, agent, key, i % 2 === 0);
      asked++;
      if (answer === undefined) unanswered++;
      else answers.set(key, [...(answers.get(key) ?? []), answer]);
    }
  };
  const running = Promise.all(Array.from({ length: clients }, (_, client) => runClient(client)));
  await eventually(() => asked > keys / 2, 'a part of the keys is placed');
  pool.addEdge(t, 'edge-4');
  // Leaves as for an upgrade; the supervisor starts it again, with a new incarnation.
  const goneBy = { owner: 'edge-2:1', fromMs: performance.now(), toMs: Infinity };
  process.kill(await pool.childPid('edge-2'), 'SIGTERM');
  await eventually(async () => {
    const edge = (await pool.edges()).find(({ id }) => id === 'edge-2');
    return edge?.incarnation === 2 && edge.state === 'ready';
  }, 'the edge is back');
  await eventually(async () => (await pool.status()).ready === 4, 'the new edge is ready');
  goneBy.toMs = performance.now();
  await running;

  assert.equal(answers.size, keys);
  t.diagnostic(`${asked} asked, ${unanswered} told to come back, ${keys} keys placed`);
  const used = new Set<string>();
  for (const [key, list] of answers) {
    const owners = [...new Set(list.map(({ owner }) => owner))];
    owners.forEach((owner) => used.add(owner));
    if (owners.length === 1) continue;
    assert.equal(owners.length, 2, `${key} had the owners ${owners.join(', ')}`);
    assert.ok(owners.includes(goneBy.owner), `${key} moved although its edge stayed: ${owners.join(', ')}`);
    const last = Math.max(...list.filter(({ owner }) => owner === goneBy.owner).map(({ atMs }) => atMs));
    assert.ok(last <= goneBy.toMs, `${key} was answered by an edge that was gone`);
  }
  assert.ok(
    ['edge-1:1', 'edge-2:1', 'edge-2:2', 'edge-3:1', 'edge-4:1'].every((owner) => used.has(owner)),
    [...used].join(', '),
  );
  const settled = await Promise.all([...answers.keys()].slice(0, 500).map((key) => pool.edgeOf(key)));
  const again = await Promise.all([...answers.keys()].slice(0, 500).map((key) => pool.edgeOf(key)));
  assert.deepEqual(again, settled, 'a key stays where it is');
});
