/**
 * What one HTTP/2 connection may cost: bounds that are no settings, each above what browsers and libraries do and below what
 * hurts. Whoever exceeds one loses the connection, and nobody else notices.
 */
import type { Rate } from '../core/token-bucket.ts';

/** Each has its attack in `proxy/http2/floods.test.ts`. */
export type Flood =
  | 'rapid-reset'
  | 'streams'
  | 'continuation'
  | 'ping'
  | 'settings'
  | 'invalid-frames'
  | 'window-stall'
  | 'protocol';

/** Others come of faults and of clients that sleep, and cost little that the limits on connections do not bound. */
const penalized: ReadonlySet<Flood> = new Set<Flood>([
  'rapid-reset',
  'streams',
  'continuation',
  'ping',
  'settings',
  'invalid-frames',
]);

/** Whether the address may not come straight back after it. */
export function isPenalized(flood: Flood): boolean {
  return penalized.has(flood);
}

/**
 * Streams that ended before their answer, whoever's frame ended them (CVE-2023-44487, CVE-2025-8671): a page that is left takes
 * all that it has open with it, but seldom.
 */
export const unansweredRate: Rate = { burst: 200, costMs: 50 };
/**
 * The same for a connection that begins while a rapid reset is under way: so few that fewer would change nothing
 * (docs/decisions/0037-hostile-clients.md).
 */
export const newcomerUnansweredRate: Rate = { burst: 8, costMs: 250 };
/** Keep-alive of libraries: one in a second or fewer. */
export const pingRate: Rate = { burst: 30, costMs: 500 };
/** Sent once, and again when a window or a table changes (RFC 9113 section 6.5). */
export const settingsRate: Rate = { burst: 20, costMs: 1_000 };
/** Entries in one SETTINGS frame. */
export const settingsEntriesMax = 32;
/** Frames that carry nothing, or that nghttp2 ignores though they are wrong, in the life of a connection. */
export const invalidFramesMax = 1_000;
/** Streams beyond those that may be open, in the life of a connection. */
export const rejectedStreamsMax = 100;
/** What node:http2 may hold for one connection, in megabytes: it refuses further streams beyond it. */
export const sessionMemoryMb = 10;
/** Beyond the bound on the head: what is a little too large gets an answer, not a reset. */
export const headSlackBytes = 16_384;
export const headSlackFields = 64;
/**
 * Answers that wait in a connection's streams because its client takes none: beyond this it has to take at least
 * `stallProgressBytes` in `stallMs`.
 */
export const stalledMaxBytes = 524_288;
export const stallProgressBytes = 65_536;
export const stallMs = 5_000;
