/** What an edge reports that has nothing to do. */
import type { EdgeLoad } from '#shared/control-protocol.ts';

export const noLoad: EdgeLoad = {
  sessions: 0,
  members: 0,
  users: 0,
  sockets: { websocket: 0, polling: 0 },
  messagesPerSecond: 0,
  bytesPerSecond: 0,
  eventLoopDelayMs: { p50: 0, p99: 0, max: 0 },
  eventLoopUtilisation: 0,
  rssBytes: 0,
  heapUsedBytes: 0,
  outboxBytes: 0,
};
