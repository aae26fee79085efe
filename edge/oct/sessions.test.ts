/** What the sessions of an edge make of what other edges hand over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import { silentLog } from '#shared/log.ts';
import { Metrics } from '#shared/metrics.ts';
import { SessionTokens } from '#shared/session-token.ts';
import { MemoryRosters } from '../../test/support/memory-rosters.ts';
import type { AdmittedExchange } from '../adapter.ts';
import { endlessLife } from '../core/session-life.ts';
import { Traffic } from '../traffic.ts';
import { takeFreely } from '../seat-desk.ts';
import { unpackHandover } from './handover.ts';
import type { Handover } from './handover.ts';
import { Sessions } from './sessions.ts';

/** `newest` is the highest epoch that an exchange has shown to this edge. */
function openSessions(newest = 0): Sessions {
  const metrics = new Metrics('ct_edge_');
  return new Sessions({
    context: {
      sendBufferMaxBytes: 1_000_000,
      pace: { messagesPerSecond: 1_000, bytesPerSecond: 1_000_000 },
      rules: { life: endlessLife, hostingRefusal: () => undefined, banner: undefined },
      tokens: new SessionTokens('a secret for tests only', 1),
      store: new MemoryRosters(),
      metrics,
      traffic: new Traffic(metrics, 'oct'),
      nowMs: () => 0,
    },
    limits: { membersMax: 4, hostGraceMs: 20_000, outboxMaxBytes: 1_000_000, life: endlessLife },
    takeSeat: takeFreely,
    log: silentLog(),
    activity: {
      opened: () => undefined,
      closed: () => undefined,
      isOver: (_key, epoch) => epoch < newest,
    },
    hasCapacity: () => true,
    onFenced: () => assert.fail('nobody else has the session'),
  });
}

function exchangeOf(epoch: number): AdmittedExchange {
  return { key: 'our-key' as AffinityKey, epoch: epoch as Epoch, exchangeId: 'test', target: '/' };
}

/** A session that another edge has let go. */
async function handedOver(): Promise<Handover> {
  const before = openSessions();
  const exchange = exchangeOf(1);
  await before.create(exchange);
  return unpackHandover((await before.handOver(exchange.key))!);
}

test('a session that goes on here is not set back by a second copy of what was handed over', async () => {
  const sessions = openSessions();
  const handover = await handedOver();
  const exchange = exchangeOf(2);
  sessions.adopt(exchange, handover);
  const adopted = sessions.find(exchange.key);
  assert.ok(adopted !== undefined);
  sessions.adopt(exchange, handover);
  assert.equal(sessions.find(exchange.key), adopted);
});

test('a session that has ended here does not begin again from a copy of what was handed over', async () => {
  const sessions = openSessions();
  const handover = await handedOver();
  const exchange = exchangeOf(2);
  sessions.adopt(exchange, handover);
  await sessions.find(exchange.key)!.administer({ kind: 'end' });
  sessions.adopt(exchange, handover);
  assert.equal(sessions.find(exchange.key), undefined);
});

test('an exchange that was admitted before its key came here anew does not bring the session back as it was', async () => {
  const sessions = openSessions(3);
  await assert.rejects(sessions.recall(exchangeOf(1)), { code: 'stale-epoch' });
  await assert.rejects(sessions.create(exchangeOf(1)), { code: 'stale-epoch' });
  assert.deepEqual(sessions.all(), []);
  await sessions.create(exchangeOf(3));
  assert.deepEqual(
    sessions.all().map(({ epoch }) => epoch),
    [3],
  );
});
