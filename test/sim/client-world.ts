/** What the clients of a simulation have around them: the pool that they reach, and each other. */
import type { Ledger } from './ledger.ts';
import type { Ground } from './network.ts';
import type { ClientRequest } from './sim-wire.ts';
import type { Verdict } from './verdict.ts';

export interface ClientWorld {
  readonly ground: Ground;
  readonly verdict: Verdict;
  readonly ledger: Ledger;
  /** Sends a request by one of the front doors; gives it up by what is returned. */
  readonly send: (request: ClientRequest) => () => void;
}

/** What the clients of one session know of each other by other ways than the session. */
export interface Company {
  key: string;
  /** Ids of all who have a token, by name. */
  readonly ids: Map<string, string>;
  readonly approved: Set<string>;
  readonly banned: Set<string>;
  hasEnded: boolean;
}
