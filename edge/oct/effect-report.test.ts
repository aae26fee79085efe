/** What the journal is told of members: who has a session open twice is there as long as one of the two is. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AuditFacts } from '#shared/journal/recorder.ts';
import { openLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import type { MemberId, MemberProfile } from '../core/session-state.ts';
import { reportEffect } from './effect-report.ts';

function memberOf(id: string, name: string): MemberProfile {
  const user = { id: `login of ${id}`, name, authProvider: 'simple' };
  return { id: id as MemberId, user, isHost: false, publicKey: '', compressions: [] };
}

test('who leaves a session and has it open once more, by another login, is told to stay', () => {
  const details: unknown[] = [];
  const log = openLog({
    level: 'silent',
    role: 'edge',
    hear: (_event, { audit }) => void details.push((audit as AuditFacts | undefined)?.detail),
  });
  const [laptop, phone, bob] = [memberOf('1', 'Ann'), memberOf('2', 'Ann'), memberOf('3', 'Bob')];
  let members = [laptop, phone, bob];
  const leave = (member: MemberProfile): void => {
    members = members.filter((other) => other !== member);
    reportEffect(
      { kind: 'member-left', member, reason: 'left' },
      {
        key: parseAffinityKey('a-key')!,
        clientOf: () => '',
        members: () => members,
        log,
        metrics: new Metrics('ct_edge_'),
      },
    );
  };
  for (const member of [laptop, bob, phone]) leave(member);
  assert.deepEqual(details, ['left, stays by another connection', 'left', 'left']);
});
