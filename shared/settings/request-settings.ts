/** Settings of the gate: how large a request may be, and how slow. What the wire itself waits for stands in `front-settings.ts`. */
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

const bytes = { type: 'integer', unit: 'bytes', roles: front, scope: 'process', live: true } as const;

export const requestSettings = {
  CT_HEAD_MAX_BYTES: {
    ...bytes,
    default: 32_768,
    min: 4_096,
    max: 1_048_576,
    help: 'Largest head of a request, or of an edge’s answer; a larger request gets 431.',
  },
  CT_HEAD_FIELDS_MAX: {
    type: 'integer',
    unit: 'fields',
    default: 100,
    min: 20,
    max: 1_000,
    roles: front,
    scope: 'process',
    live: true,
    help: 'Most header fields of a request; one with more gets 431.',
  },
  CT_TARGET_MAX_BYTES: {
    ...bytes,
    default: 16_384,
    min: 256,
    max: 1_048_576,
    help: 'Longest path with query of a request; a longer one gets 414.',
  },
  CT_BODY_MAX_BYTES: {
    ...bytes,
    default: 1_073_741_824,
    min: 0,
    max: 1_099_511_627_776,
    help: 'Largest body of a request; a larger one gets 413. 0: any.',
  },
  CT_BODY_MIN_BYTES_PER_SECOND: {
    type: 'integer',
    unit: 'bytes per second',
    default: 240,
    min: 0,
    max: 1_048_576,
    roles: front,
    scope: 'process',
    live: true,
    help: 'A client that sends its body more slowly than this, for longer than CT_BODY_IDLE_TIMEOUT_MS in all, gets 408; time in which the edge takes nothing does not count. 0: any pace.',
  },
} as const satisfies Record<string, Setting>;
