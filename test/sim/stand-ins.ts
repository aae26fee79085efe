/** What the product has and a simulation does not look at: metrics, signatures of tokens, secrets. */
import { AppError } from '#shared/errors.ts';
import { deriveFleetSecrets } from '#shared/fleet-secrets.ts';
import type { FleetSecrets } from '#shared/fleet-secrets.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { SessionClaim, SessionTokens, User } from '#shared/session-token.ts';
import { loadSettings } from '#shared/settings/load.ts';
import type { Settings } from '#shared/settings/schema.ts';

export const simSecrets: FleetSecrets = deriveFleetSecrets('the join token of a simulation');
export const simPass: string = simSecrets.pass;

const ignore = (): void => undefined;
const bound = { add: ignore, handOver: ignore, observe: ignore };

/** Counts nothing. */
export const simMetrics = {
  bind: () => bound,
  bindHistogram: () => bound,
  count: ignore,
  set: ignore,
  add: ignore,
  observe: ignore,
  reset: ignore,
} as unknown as Metrics;

const loginPrefix = 'login of ';

/** Tokens without a signature: a claim as it is, and the name of who has logged in. */
export const simTokens = {
  signSession: (claim: SessionClaim) => Promise.resolve(JSON.stringify(claim)),
  verifyLogin: (token: string): Promise<User> => {
    if (!token.startsWith(loginPrefix)) throw new AppError('token-invalid');
    const name = token.slice(loginPrefix.length);
    return Promise.resolve({ id: `user-${name}`, name });
  },
} as unknown as SessionTokens;

export function loginToken(name: string): string {
  return loginPrefix + name;
}

/** Settings of an edge; `overrides` may go below the bounds that administrators have. */
export function edgeSettings(overrides: Partial<Settings>): Settings {
  defaults ??= loadDefaults();
  return { ...defaults, ...overrides };
}

let defaults: Settings | undefined;

const secret = 'a secret of simulations only';

function loadDefaults(): Settings {
  const env = { CT_LOCATOR: 'none', CT_JOIN_TOKEN: secret, CT_SESSION_SECRET: secret };
  const loaded = loadSettings({ role: 'edge', env });
  if (loaded.kind === 'invalid') throw new Error(loaded.faults.join('; '));
  return loaded.settings;
}
