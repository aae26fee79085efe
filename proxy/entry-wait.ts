/** What an exchange waits for before it is placed: that somebody vouches for who asks, and that a session that moves has moved. */
import type { AffinityKey } from '#shared/ids.ts';
import { isOfConnection } from './core/route.ts';
import type { RouteName } from './core/route.ts';
import type { LocalAnswers } from './local-answers.ts';
import type { MoveGate } from './move/move-gate.ts';
import type { Wire } from './wire/wire.ts';

interface Entering {
  readonly route: RouteName;
  readonly key: AffinityKey;
  readonly query: string;
}

/** Undefined where it need not wait, as is usual: each wait costs as much as a part of the head. */
export function awaitEntry(
  wire: Wire,
  { route, key, query }: Entering,
  { gate, local }: { readonly gate: MoveGate; readonly local: Pick<LocalAnswers, 'judgeLogin'> },
): Promise<void> | undefined {
  // Newcomers of a session that moves wait for its next owner. What belongs to a connection goes on to the old one,
  // which waits for it: a client that polls could not be told of the move otherwise.
  const isHeld = gate.isClosed(key) && !isOfConnection(route, query);
  const { method, headers } = wire.head;
  const login = local.judgeLogin?.(route, { method, headers, query });
  if (login === undefined) return isHeld ? gate.pass(key, wire.signal) : undefined;
  return isHeld ? login.then(async () => await gate.pass(key, wire.signal)) : login;
}
