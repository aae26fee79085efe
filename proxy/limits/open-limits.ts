/** The limits of a front door, put together. */
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { ArrivalRules } from './arrival-rules.ts';
import { AddressTable } from './address-table.ts';
import { Arrivals } from './arrivals.ts';
import { DescriptorReserve } from './descriptor-reserve.ts';
import { LimitNotes } from './limit-notes.ts';
import { ResetAlarm } from './reset-alarm.ts';

export interface Limits {
  readonly addresses: AddressTable;
  readonly rules: ArrivalRules;
  readonly notes: LimitNotes;
  readonly arrivals: Arrivals;
  /** Throws where a client may not begin a session more now. */
  readonly admitNewKey: (client: string) => void;
}

const sweepIntervalMs = 10_000;

export function openLimits(options: {
  settings: Settings;
  log: Log;
  metrics: Metrics;
  signal: AbortSignal;
}): Limits {
  const { settings, log, metrics, signal } = options;
  const nowMs = (): number => performance.now();
  const addresses = new AddressTable(nowMs);
  const notes = new LimitNotes(log);
  const sweeping = setInterval(() => addresses.sweep(), sweepIntervalMs).unref();
  signal.addEventListener('abort', () => clearInterval(sweeping), { once: true });
  const rules = new ArrivalRules(settings, addresses);
  return {
    addresses,
    rules,
    notes,
    arrivals: new Arrivals({ settings, rules, notes, metrics, resets: new ResetAlarm(nowMs) }),
    admitNewKey: (client) => {
      if (rules.mayBegin(client)) return;
      notes.note('too-many-new-keys', client);
      throw new AppError('too-many-new-keys');
    },
  };
}

/** Accepts nothing while descriptors run out; who comes then to a listener that cannot wait is told so. */
export function watchDescriptors(
  { arrivals }: Limits,
  front: { hold(isHeld: boolean): boolean },
  options: { log: Log; metrics: Metrics; signal: AbortSignal },
): void {
  const hold = (isHeld: boolean): void => {
    const canWait = front.hold(isHeld);
    arrivals.isFull = isHeld && !canWait;
  };
  const reserve = new DescriptorReserve({ accepted: () => arrivals.accepted, hold, ...options });
  arrivals.onAccepted = () => reserve.note();
}
