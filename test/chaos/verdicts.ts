/** The bars of each scenario, held against what its history shows. */
import { judge } from '../../bench/metric.ts';
import type { Bar, Verdict } from '../../bench/metric.ts';
import { breachKinds, quantile } from './findings.ts';
import type { Findings } from './findings.ts';

export const scenarioNames = ['failover', 'move', 'cut', 'turnover'] as const;
export type ScenarioName = (typeof scenarioNames)[number];

interface TimeBar {
  readonly metric: string;
  readonly samples: readonly string[];
  readonly share: number;
  readonly atMostMs: number;
}

/** A frozen or cut edge keeps its right for the lease; how long it takes is bounded by that, not by proof. */
const timeBars: Readonly<Record<ScenarioName, readonly TimeBar[]>> = {
  failover: [
    { metric: 'kill-placement-p99-ms', samples: ['kill placement'], share: 0.99, atMostMs: 500 },
    { metric: 'kill-placement-max-ms', samples: ['kill placement'], share: 1, atMostMs: 1_000 },
    { metric: 'stop-placement-max-ms', samples: ['stop placement'], share: 1, atMostMs: 4_000 },
  ],
  move: [
    {
      metric: 'pause-websocket-p99-ms',
      samples: ['move pause websocket', 'drain pause websocket'],
      share: 0.99,
      atMostMs: 2_000,
    },
    { metric: 'pause-y-p99-ms', samples: ['move pause y', 'drain pause y'], share: 0.99, atMostMs: 2_000 },
  ],
  cut: [{ metric: 'cut-placement-max-ms', samples: ['cut placement'], share: 1, atMostMs: 6_000 }],
  turnover: [],
};

const none: Bar = { atMost: 0 };

export function judgeFindings(scenario: ScenarioName, findings: Findings): Verdict[] {
  const breaches = breachKinds.map((kind) => judge(scenario, kind, findings.breachesOf(kind), none));
  const times = timeBars[scenario].flatMap(({ metric, samples: names, share, atMostMs }) => {
    const samples = names.flatMap((name) => findings.samples.get(name) ?? []);
    // A short run may leave a kind of fault out; its bar is then not judged.
    if (samples.length === 0) return [];
    return [judge(scenario, metric, quantile(samples, share), { atMost: atMostMs })];
  });
  const figures =
    scenario === 'turnover' ? [judgeFigure(scenario, 'heap-growth-percent', { atMost: 5 }, findings)] : [];
  return [...breaches, ...times, ...figures];
}

function judgeFigure(scenario: ScenarioName, metric: string, bar: Bar, { figures }: Findings): Verdict {
  return judge(scenario, metric, figures.get(metric), bar);
}
