/**
 * The request table over sockets, through one front door: what the client is answered and what the edge sees of it, each
 * case with a probe behind it that shows whether both are still in step.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startFuzzedDoor } from '../fuzz/fuzzed-door.ts';
import type { FuzzedDoor } from '../fuzz/fuzzed-door.ts';
import { RecordingBackend } from '../fuzz/recording-backend.ts';
import { Sightings } from '../fuzz/sightings.ts';
import { playRequest } from './play-request.ts';
import { requestTable } from './request-table.ts';

const sightings = new Sightings();
const edges = ['a', 'b'].map(() => new RecordingBackend(sightings));
const folder = mkdtempSync(join(tmpdir(), 'mooring-table-'));
let door: FuzzedDoor;

before(async () => {
  for (const edge of edges) await edge.start();
  door = await startFuzzedDoor(edges, folder, {
    // No case waits for a deadline.
    CT_HEAD_TIMEOUT_MS: '20000',
    CT_BODY_IDLE_TIMEOUT_MS: '20000',
    CT_IDLE_TIMEOUT_MS: '20000',
    CT_TARGET_MAX_BYTES: '8192',
    CT_BODY_MAX_BYTES: '1000000',
  });
});

after(async () => {
  const complaint = await door.end();
  await Promise.all(edges.map(async (edge) => await edge.stop()));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  assert.equal(complaint, undefined);
});

const lanes = 24;

test('each case of the request table is answered and forwarded as the table says', async (t) => {
  const queue = requestTable.entries();
  const outcomes = new Map<number, string[]>();
  const lane = async (): Promise<void> => {
    for (const [number, item] of queue) {
      outcomes.set(number, await playRequest(door.port, sightings, item, number));
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  assert.equal(door.crash, undefined);
  assert.deepEqual(sightings.strays, [], 'the edges got nothing that is no request');
  for (const [number, { name, source, expected }] of requestTable.entries()) {
    await t.test(`${name} (${source})`, () => assert.deepEqual(outcomes.get(number), expected));
  }
});

test('the request table has 250 cases or more, none of them twice', () => {
  assert.ok(requestTable.length >= 250, `${requestTable.length} cases`);
  assert.equal(new Set(requestTable.map(({ name }) => name)).size, requestTable.length);
});
