/** What do good clients notice of floods, and what is left of them? Slow heads, readers who do not read, connections without end. */
import { Flood } from '../test/support/flood.ts';
import type { FloodOrder } from '../test/support/flood-program.ts';
import { floodPriority, runFloodTrial } from './flood-trial.ts';
import type { Scenario } from './flood-trial.ts';
import type { Outcome, RunOptions } from './outcome.ts';

const sizes = {
  full: { crowd: 5_000, seconds: 20, calmSeconds: 10, settleSeconds: 60 },
  short: { crowd: 1_500, seconds: 6, calmSeconds: 4, settleSeconds: 20 },
} as const;
const addresses = Array.from({ length: 100 }, (_, i) => `127.0.1.${i + 1}`);
const dripMs = 500;
/** As long as the flood lasts and no longer: what it holds is let go of while we look. */
const settings = {
  CT_HEAD_TIMEOUT_MS: '10000',
  CT_BODY_IDLE_TIMEOUT_MS: '10000',
  CT_LIMIT_EXEMPT: '127.0.0.1',
};

const health = 'GET /ct-health/ HTTP/1.1\r\nHost: x\r\nctstickiness: flood\r\n\r\n';
const page = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
/** More than the kernel holds of their answers. */
const pages = page.repeat(1_000);
/** All at once would be a burst of connections, which the last one is about. */
const perSecond = 1_000;
const scenarios: readonly Scenario[] = [
  flood(
    'slow heads',
    { text: 'GET / HTTP/1.1\r\nHost: x\r\n', isPaused: false, perSecond, addresses },
    'X-A: b\r\n',
  ),
  flood('slow readers', { text: page.repeat(2), isPaused: true, perSecond, addresses }),
  flood('slow readers of much', { text: pages, isPaused: true, share: 0.02, addresses }),
  flood('connections', { text: health, isPaused: false, comesBack: true, addresses: ['127.0.0.2'] }),
];

export async function runFloods({ isShort, folder }: RunOptions): Promise<Outcome> {
  const size = isShort ? sizes.short : sizes.full;
  return await runFloodTrial({ benchmark: 'floods', folder, settings, scenarios, size });
}

interface Shape extends Omit<FloodOrder, 'port' | 'count'> {
  /** Of the crowd; all of it where it is not said. */
  readonly share?: number;
}

function flood(name: string, { share = 1, ...order }: Shape, drip = ''): Scenario {
  const begin = (port: number, crowd: number): (() => void) => {
    const running = new Flood({ ...order, port, count: Math.ceil(crowd * share) });
    running.yieldTo(floodPriority);
    const dripping = drip === '' ? undefined : setInterval(() => running.drip(drip), dripMs);
    return () => {
      clearInterval(dripping);
      running.stop();
    };
  };
  return { name, begin };
}
