/**
 * What the pool's own log says for the history: pins and the exchanges under them from the front door, the beginning and
 * end of sessions from the edges. The last second of an edge that was killed may be missing, as in any log.
 */
import { deriveFleetSecrets, hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Happening, Pen } from './history.ts';

export interface PoolLine {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** The log knows a key by its hash alone. */
export function nameKeys(joinToken: string, keys: Iterable<string>): ReadonlyMap<unknown, string> {
  const secrets = deriveFleetSecrets(joinToken);
  return new Map([...keys].map((key) => [hashKeyForLog(secrets, key as AffinityKey), key]));
}

export function reportLog(lines: readonly PoolLine[], keyOf: ReadonlyMap<unknown, string>, pen: Pen): void {
  for (const line of lines) {
    const happening = translate(line, keyOf);
    if (happening !== undefined) pen(happening, Date.parse(String(line['time'])));
  }
}

function translate(line: PoolLine, keyOf: ReadonlyMap<unknown, string>): Happening | undefined {
  const edge = String(line['edge']);
  const session = {
    edge,
    process: Number(line['pid']),
    epoch: Number(line['epoch']),
    why: typeof line['reason'] === 'string' ? line['reason'] : line.event,
  };
  switch (line.event) {
    case 'key.placed':
    case 'exchange.settled': {
      const key = keyOf.get(line['key']);
      if (key === undefined || line['epoch'] === undefined) return undefined;
      return { kind: 'owned', key, edge, epoch: session.epoch };
    }
    case 'session.moved': {
      const key = keyOf.get(line['key']);
      return key === undefined
        ? undefined
        : { kind: 'owned', key, edge: String(line['to']), epoch: session.epoch };
    }
    case 'session.opened':
      return { kind: 'opened', ...session };
    case 'session.ended':
    case 'session.released':
    case 'session.fenced':
      return { kind: 'closed', ...session };
    case 'child.exited':
      return { kind: 'ended', edge: String(line['child']) };
    case 'lease.lapsed':
    case 'process.stopped':
    case 'process.failed':
      return line['role'] === 'edge'
        ? { kind: 'halted', edge, process: session.process, why: line.event }
        : undefined;
    default:
      return undefined;
  }
}
