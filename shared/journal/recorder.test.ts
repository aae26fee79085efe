/** What the journal makes of the log: not everything that anybody can cause at will. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deriveFleetSecrets } from '../fleet-secrets.ts';
import type { JournalEntry, JournalRecord } from './journal-record.ts';
import { JournalRecorder } from './recorder.ts';

test('refusals beyond thirty a minute are counted in the next one that is told, and nothing else is held back by them', () => {
  const records: JournalRecord[] = [];
  let wallMs = 1_800_000_000_000;
  const recorder = new JournalRecorder({
    origin: 'front:test',
    bootId: 'boot',
    secrets: deriveFleetSecrets('a join token of a test'),
    incarnation: () => 0,
    wallMs: () => wallMs,
    add: (record) => records.push(record),
  });
  for (let i = 0; i < 100; i++) recorder.hear('login.refused', { code: 'login-refused' });
  recorder.hear('edge.lost', { edge: 'edge-1' });
  assert.equal(records.length, 31);
  wallMs += 60_000;
  recorder.hear('login.refused', { code: 'login-refused' });
  recorder.hear('login.refused', { code: 'login-refused' });
  const details = records.slice(-2).map((record) => (record as JournalEntry).detail);
  assert.deepEqual(details, ['code login-refused, 70 more before it', 'code login-refused']);
  assert.deepEqual(
    records.map(({ sequence }) => sequence),
    records.map((_, at) => at + 1),
  );
});
