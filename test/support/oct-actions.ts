/** What may happen to a session, for random histories: arrivals, losses, messages, answers, joins and time. */
import fc from 'fast-check';

/** One more than a session takes. */
const names = ['ann', 'bob', 'cid', 'dan', 'eve'];
const name = fc.constantFrom(...names);
const size = fc.constantFrom(1, 10, 1_000, 3_000);
const keys = fc.subarray(names);

/** What happens next; `recent` picks one of the newest requests or joins. */
export type Action =
  /** `raceMs` passes after the client was told what becomes of its stream; `isDeaf`: it never hears of it. */
  | { do: 'connect'; who: string; isNewClient: boolean; raceMs: number; isDeaf: boolean }
  /** Some of what is on the wire arrives; the rest may be lost with the connection. */
  | { do: 'receive'; who: string; count: number }
  | { do: 'ping' | 'pong'; who: string }
  | { do: 'disconnect' | 'leave'; who: string; isStale: boolean }
  | { do: 'request' | 'notify'; who: string; to: string; size: number; hasKey: boolean }
  | { do: 'broadcast'; who: string; keys: string[]; size: number }
  | { do: 'answer'; who: string; to: string; recent: number; size: number; byTarget: boolean }
  | { do: 'ask-to-join'; who: string }
  | { do: 'answer-join'; who: string; recent: number; approves: boolean }
  | { do: 'move' | 'crash' }
  | { do: 'wait'; ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('connect'),
      who: name,
      isNewClient: fc.constantFrom(true, ...Array.from({ length: 7 }, () => false)),
      raceMs: fc.constantFrom(0, 0, 0, 0, 1, 60_000),
      isDeaf: mostly(false),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('receive'), who: name, count: fc.constantFrom(1, 2, 5, 100) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('ping', 'pong'), who: name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('disconnect'), who: name, isStale: mostly(false) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('leave'),
      who: fc.constantFrom('bob', 'cid', 'dan', 'eve', 'bob', 'cid', 'dan', 'ann'),
      isStale: mostly(false),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('request', 'notify'),
      who: name,
      to: name,
      size,
      hasKey: mostly(true),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('broadcast'), who: name, keys, size }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('answer'),
      who: name,
      to: name,
      recent: fc.nat(4),
      size,
      byTarget: mostly(true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('ask-to-join'), who: name }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('answer-join'),
      who: fc.constantFrom('ann', 'ann', 'ann', 'bob'),
      recent: fc.nat(2),
      approves: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('move', 'crash') }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait'), ms: fc.constantFrom(1, 900, 9_000, 30_000) }),
  },
);

function mostly(value: boolean): fc.Arbitrary<boolean> {
  return fc.constantFrom(value, value, value, !value);
}

/** A history. */
export const actions = fc.array(action, { maxLength: 120, size: 'max' });
