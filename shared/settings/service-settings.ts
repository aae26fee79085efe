/** Settings of the service that runs: its time, its way out of the network, its restarts. */
import { Cron } from 'croner';
import { front } from './setting.ts';
import type { Setting } from './setting.ts';

const text = { type: 'text', default: '', scope: 'process' } as const;

export const serviceSettings = {
  CT_PROXY: {
    ...text,
    roles: front,
    secret: true,
    faultOf: proxyFault,
    help: 'HTTP proxy for what leaves the pool (registry, single sign-on), as http://USER:PASSWORD@HOST:PORT; but for the hosts that NO_PROXY names.',
  },
  CT_AUTO_RESTART_CRON_PATTERN: {
    ...text,
    roles: front,
    faultOf: cronFault,
    help: 'When processes are replaced, one after the other, as a pattern of cron: 0 11 * * 0 is Sunday at 11. In direct front doors and edges, in proxy its front doors; an edge by itself refuses it. Never unless set.',
  },
  CT_AUTO_RESTART_DISABLED: {
    type: 'choice',
    default: 'false',
    choices: ['false', 'true'],
    roles: front,
    scope: 'process',
    help: 'Whether CT_AUTO_RESTART_CRON_PATTERN is not to be followed.',
  },
} as const satisfies Record<string, Setting>;

type RestartPlan = Readonly<
  Record<'CT_AUTO_RESTART_CRON_PATTERN' | 'CT_AUTO_RESTART_DISABLED', string | undefined>
>;

export function plansRestart(plan: Partial<RestartPlan>): boolean {
  return Boolean(plan.CT_AUTO_RESTART_CRON_PATTERN) && plan.CT_AUTO_RESTART_DISABLED !== 'true';
}

/** Edges that emptied themselves at one moment would have nowhere to go with their sessions. */
export function planOfEdgeFaults(given: Partial<RestartPlan>): string[] {
  if (!plansRestart(given)) return [];
  return [
    'CT_AUTO_RESTART_CRON_PATTERN: is not for an edge by itself: mooring restart --rolling, at a front door, restarts the edges of a pool one after the other',
  ];
}

function cronFault(pattern: string): string | undefined {
  try {
    new Cron(pattern, { paused: true }).stop();
    return undefined;
  } catch (error) {
    return `"${pattern}" is no pattern of cron: ${(error as Error).message}`;
  }
}

/** Its text is not shown: there may be a password in it. */
function proxyFault(text: string): string | undefined {
  const url = URL.parse(text);
  return url?.protocol === 'http:' ? undefined : 'is not http://HOST:PORT or http://USER:PASSWORD@HOST:PORT';
}
