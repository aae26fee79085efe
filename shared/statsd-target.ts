/** Where a StatsD server is and how it is told: by the settings of a process, or as an administrator says for the fleet. */
import { z } from 'zod';
import { statsdHostPattern } from './settings/metric-settings.ts';
import type { Settings } from './settings/schema.ts';

export const statsdLabels = ['name', 'dogstatsd', 'telegraf'] as const;

export const statsdSchema = z.strictObject({
  host: z.string().regex(statsdHostPattern),
  port: z.number().int().min(1).max(65_535).default(8_125),
  protocol: z.enum(['udp', 'tcp']).default('udp'),
  /** Of all names. */
  prefix: z
    .string()
    .max(100)
    .regex(/^[A-Za-z0-9._-]*$/)
    .default('mooring.'),
  labels: z.enum(statsdLabels).default('name'),
  /** `NAME:VALUE` each; only with labels that are tags. */
  tags: z
    .array(
      z
        .string()
        .max(200)
        .regex(/^[A-Za-z][A-Za-z0-9_.-]*:[A-Za-z0-9_./-]+$/),
    )
    .max(20)
    .default([]),
});

export type StatsdTarget = z.output<typeof statsdSchema>;

/** Undefined where the settings name no server. */
export function statsdTargetOf(settings: Settings): StatsdTarget | undefined {
  if (settings.CT_METRICS_STATSD_HOST === '') return undefined;
  return {
    host: settings.CT_METRICS_STATSD_HOST,
    port: settings.CT_METRICS_STATSD_PORT,
    protocol: settings.CT_METRICS_STATSD_PROTOCOL.toLowerCase() as StatsdTarget['protocol'],
    prefix: settings.CT_METRICS_STATSD_PREFIX,
    labels: settings.CT_METRICS_STATSD_LABELS as StatsdTarget['labels'],
    tags: [...settings.CT_METRICS_STATSD_TAGS],
  };
}
