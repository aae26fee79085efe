/** The words of the audit: what an entry of the journal becomes on the page and in its CSV. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutOf, describeEvent, detailOf, matches, whereOf, whoOf } from './activity-words.ts';
import type { Entry } from './activity-words.ts';

const entry: Entry = {
  id: 1,
  storedMs: 0,
  boot: 'b',
  sequence: 1,
  atMs: 0,
  event: 'member.joined',
  origin: 'edge-1',
  incarnation: 1,
  key: '3f9a1c04be7d2e11',
  user: 'K-mFVNUGdu8xEI3S2J39NEMT',
  subject: 'Ann',
  client: '',
  detail: 'host',
};

function rowOf(facts: Partial<Entry>): string[] {
  const row = { ...entry, ...facts };
  return [describeEvent(row), whoOf(row), aboutOf(row), whereOf(row), detailOf(row)];
}

test('entries are told in words: people by name, sessions by the hash of logs, facts without their names', () => {
  const nobody = { user: '', subject: '' };
  assert.deepEqual(rowOf({}), ['Joined a session', 'Ann', entry.key, 'edge-1', 'host']);
  assert.deepEqual(rowOf({ event: 'member.left', detail: 'away-too-long' }).at(-1), 'away too long');
  assert.deepEqual(rowOf({ event: 'session.created', ...nobody, detail: 'adapter oct' }), [
    'Session began',
    '',
    entry.key,
    'edge-1',
    'Open Collaboration',
  ]);
  const ended = rowOf({ event: 'session.ended', ...nobody, detail: 'reason client-left, adapter y' });
  assert.equal(ended.at(-1), 'client left, y-websocket');
  const moved = rowOf({ event: 'session.moved', user: '', subject: 'edge-1', detail: 'to edge-2' });
  assert.deepEqual([moved[2], moved[4]], [entry.key, 'from edge-1 to edge-2']);
  const joined = rowOf({ event: 'edge.joined', key: '', user: '', subject: 'edge-3', origin: 'front:vm' });
  assert.deepEqual(joined.slice(2, 4), ['edge-3', 'front door vm']);
});

test('what somebody has named stays as it is, and an event of a later release has its own name', () => {
  assert.equal(rowOf({ detail: 'document reason for-all' }).at(-1), 'document reason for-all');
  assert.equal(rowOf({ event: 'member.praised' })[0], 'member.praised');
});

test('a filter finds the words that are shown and those of the log', () => {
  const ended = { ...entry, event: 'session.ended' as const, detail: 'reason client-left' };
  for (const text of ['client left', 'client-left', 'Session ENDED', 'session.ended'])
    assert.ok(matches(ended, text), text);
  assert.ok(!matches(ended, 'edge-2'));
});
