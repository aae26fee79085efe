/** The connection of a stream, as the stream's wires know it. */
import type { ServerHttp2Stream } from 'node:http2';
import type { Settings } from '#shared/settings/schema.ts';
import type { TimerWheel } from '../wire/timer-wheel.ts';
import type { Upstreams } from '../wire/upstreams.ts';
import type { Wire } from '../wire/wire.ts';
import type { StallWatch } from './stall-watch.ts';

export interface StreamOwner {
  readonly settings: Settings;
  readonly wheel: TimerWheel;
  readonly upstreams: Upstreams;
  readonly peer: Wire['peer'];
  readonly stall: Pick<StallWatch, 'onCongested'>;
  /** The stream has its answer, or we have ended it. */
  markServed(stream: ServerHttp2Stream): void;
}
