/** How node:http2 serves a connection of a client, and what its errors say of that client. */
import type { ServerSessionOptions } from 'node:http2';
import type { Settings } from '#shared/settings/schema.ts';
import * as bounds from './flood-bounds.ts';
import type { Flood } from './flood-bounds.ts';
import type { Rate } from '../core/token-bucket.ts';

/** Of nghttp2, as node:http2 passes them on. */
const tooManyContinuations = -905;
/** A callback of node:http2 gave up, which it does for one reason: too many streams were refused. */
const tooManyRefused = -902;

export function sessionOptions(settings: Settings, unanswered: Rate): ServerSessionOptions {
  return {
    settings: {
      enableConnectProtocol: true,
      maxConcurrentStreams: settings.CT_HTTP2_STREAMS_MAX,
      maxHeaderListSize: settings.CT_HEAD_MAX_BYTES + bounds.headSlackBytes,
    },
    maxHeaderListPairs: settings.CT_HEAD_FIELDS_MAX + bounds.headSlackFields,
    maxSettings: bounds.settingsEntriesMax,
    maxSessionInvalidFrames: bounds.invalidFramesMax,
    maxSessionRejectedStreams: bounds.rejectedStreamsMax,
    streamResetBurst: unanswered.burst,
    streamResetRate: 1_000 / unanswered.costMs,
    maxSessionMemory: bounds.sessionMemoryMb,
    // An edge may send a field twice, and over HTTP/1.1 it is passed on as well.
    strictSingleValueFields: false,
  };
}

/** What an error of a session says that its client did; undefined where it did nothing, as with a connection that broke. */
export function floodOf(error: NodeJS.ErrnoException): Flood | undefined {
  if (error.code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') return 'invalid-frames';
  if (error.code !== 'ERR_HTTP2_ERROR') return undefined;
  switch (error.errno) {
    case tooManyContinuations:
      return 'continuation';
    case tooManyRefused:
      return 'streams';
    default:
      return 'protocol';
  }
}
