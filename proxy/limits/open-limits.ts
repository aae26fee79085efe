/** The limits of a front door, put together. */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { AddressTable } from './address-table.ts';
import { Arrivals } from './arrivals.ts';
import { LimitNotes } from './limit-notes.ts';

export interface Limits {
  readonly arrivals: Arrivals;
}

const sweepIntervalMs = 10_000;

export function openLimits(options: {
  settings: Settings;
  log: Log;
  metrics: Metrics;
  signal: AbortSignal;
}): Limits {
  const { settings, log, metrics, signal } = options;
  const addresses = new AddressTable(() => performance.now());
  const notes = new LimitNotes(log);
  const sweeping = setInterval(() => addresses.sweep(), sweepIntervalMs).unref();
  signal.addEventListener('abort', () => clearInterval(sweeping), { once: true });
  return { arrivals: new Arrivals({ settings, addresses, notes, metrics }) };
}
