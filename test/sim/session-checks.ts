/** Looks at sessions from inside their edges: their bounds, their snapshots, their rosters. */
import assert from 'node:assert/strict';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Adapter } from '../../edge/adapter.ts';
import { endlessLife } from '../../edge/core/session-life.ts';
import { adoptSession } from '../../edge/core/session-adopt.ts';
import { takeSnapshot } from '../../edge/core/session-snapshot.ts';
import { unpackHandover } from '../../edge/oct/handover.ts';
import type { Verdict } from './verdict.ts';

/** What is handed over must come back the same from what goes on with it. */
export function watchHandovers(adapter: Adapter, settings: Settings, verdict: Verdict): void {
  const handOver = adapter.handOver.bind(adapter);
  adapter.handOver = async (key) => {
    const bytes = await handOver(key);
    if (bytes !== undefined) checkHandover(bytes, settings, verdict);
    return bytes;
  };
}

function checkHandover(bytes: Uint8Array, settings: Settings, verdict: Verdict): void {
  const { snapshot } = unpackHandover(bytes);
  const outboxMaxBytes = settings.CT_SEND_BUFFER_MAX_BYTES;
  const limits = { membersMax: 4, hostGraceMs: 20_000, outboxMaxBytes, life: endlessLife };
  const epoch = snapshot.epoch as Epoch;
  const nowMs = 5_000_000;
  try {
    const state = adoptSession(snapshot, (epoch + 1) as Epoch, limits, nowMs);
    assert.deepEqual(rounded({ ...takeSnapshot(state, nowMs), epoch }), rounded(snapshot));
  } catch (error) {
    verdict.fail(9, (error as Error).message);
  }
  for (const { profile, outbox } of snapshot.members) {
    const kept = outbox.entries.reduce((sum, { bytes }) => sum + bytes, 0);
    verdict.expect(kept <= outboxMaxBytes, 4, `${kept} bytes are kept for ${profile.user.name}`);
  }
}

/** Sums of times differ in the last digits; what is undefined is as good as absent. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Math.round(value * 1_000) / 1_000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(rounded);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([name, field]) => [name, rounded(field)]));
}

/** Of all members of a session together; what a snapshot shows is exact. */
export function checkBounds(adapter: Adapter, settings: Settings, verdict: Verdict): void {
  for (const { key, bytes } of adapter.listSessions()) {
    const members = adapter.describeMembers(key)?.length ?? 0;
    const most = members * settings.CT_SEND_BUFFER_MAX_BYTES;
    verdict.expect(bytes <= most, 4, `${bytes} bytes are kept in ${key}, for ${members} members`);
  }
}

/** Ids of the members, as the session has them; undefined where it is not here. */
export function membersOf(adapter: Adapter, key: AffinityKey): readonly string[] | undefined {
  return adapter.describeMembers(key)?.map(({ id }) => id);
}
