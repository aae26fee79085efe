/**
 * Static backends: upstreams that do not speak our control protocol. Active HTTP checks stand for reports,
 * and each front door that sees one well renews its lease; so a pin moves only when no front door has
 * seen the backend well for the length of a lease.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { socketPathOf } from '#shared/socket-path.ts';
import { timing } from '#shared/timing.ts';
import type { Directory, EdgeRef } from '../directory/directory.ts';
import type { EdgeCalls } from '../edge-calls.ts';
import type { ProxyVersion } from '../proxied/format-proxy-header.ts';
import { markProxied } from '../proxied/proxied-address.ts';
import type { Joining, Membership } from './membership.ts';
import type { EdgePool } from './pool.ts';

export interface StaticBackend {
  readonly id: EdgeId;
  readonly address: string;
  readonly weight: number;
}

export interface CheckOptions {
  readonly settings: Settings;
  readonly membership: Membership;
  readonly directory: Directory;
  readonly pool: EdgePool;
  readonly calls: EdgeCalls;
  readonly log: Log;
  readonly signal: AbortSignal;
}

const defaultWeight = 100;
/** A backend has no session count of its own: it is never full. */
const sessionsMax = Number.MAX_SAFE_INTEGER;

/** Reads `NAME=URL[;weight=N][;proxy=VERSION]`, where `unix:/PATH` may stand for the URL; the settings schema has checked the form. */
export function parseBackends(items: readonly string[]): StaticBackend[] {
  return items.map((item) => {
    const [id, rest = ''] = splitOnce(item, '=');
    const [address = '', ...options] = rest.split(';');
    const weight = optionOf(options, 'weight');
    const plain = socketPathOf(address) === undefined ? new URL(address).origin : address;
    return {
      id: id as EdgeId,
      address: markProxied(plain, optionOf(options, 'proxy') as ProxyVersion | undefined),
      weight: Math.max(1, Math.min(1_000, Number(weight ?? defaultWeight))),
    };
  });
}

export function joiningOf(backend: StaticBackend): Joining {
  // The address stands for the boot: another address is another incarnation.
  return {
    ...backend,
    kind: 'static',
    bootId: backend.address,
    sessionsMax,
    version: '',
    adminAddress: '',
  };
}

/**
 * Joins a backend and checks it until the signal aborts; the first check decides whether it starts ready. `onFirst` is called
 * once that is known, or could not be.
 */
export async function runBackendChecks(
  backend: StaticBackend,
  options: CheckOptions,
  onFirst: () => void,
): Promise<void> {
  const { signal, settings, log } = options;
  let edge: EdgeRef | undefined;
  let standing: Standing = 'unknown';
  let streak = new CheckStreak(settings.CT_BACKEND_CHECK_RISE, settings.CT_BACKEND_CHECK_FALL);
  void keepLease(() => (standing === 'ready' ? edge : undefined), options);
  while (!signal.aborted) {
    const fault = await checkBackend(backend, options);
    streak.limit(settings.CT_BACKEND_CHECK_RISE, settings.CT_BACKEND_CHECK_FALL);
    try {
      edge ??= await joinPool(backend, options);
      standing = await applyVerdict(
        edge,
        { isUp: streak.note(fault === undefined), fault },
        standing,
        options,
      );
    } catch (error) {
      log.error('directory.failed', { error });
      streak = new CheckStreak(settings.CT_BACKEND_CHECK_RISE, settings.CT_BACKEND_CHECK_FALL);
    }
    onFirst();
    await sleep(settings.CT_BACKEND_CHECK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** Between its checks, too: however seldom they are, and however late a busy machine is with them, it is up until they say that it is not. */
async function keepLease(
  ready: () => EdgeRef | undefined,
  { directory, log, signal }: CheckOptions,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(timing.reportIntervalMs, undefined, { signal, ref: false }).catch(() => undefined);
    const edge = ready();
    if (edge === undefined || signal.aborted) continue;
    await directory.renewLease(edge).catch((error: unknown) => log.debug('directory.failed', { error }));
  }
}

async function joinPool(
  backend: StaticBackend,
  { membership, directory, pool }: CheckOptions,
): Promise<EdgeRef> {
  const { edge } = await membership.join(joiningOf(backend));
  // It may have left the settings once, and is in them again.
  if (pool.holdOf(edge.id) === undefined) await directory.markUp(edge);
  return edge;
}

type Standing = 'unknown' | 'ready' | 'suspect' | 'gone';

interface Verdict {
  readonly isUp: boolean;
  /** Of the last check. */
  readonly fault: string | undefined;
}

/** Renews the lease of a backend that is up, follows that of one that is not to its end; logs changes alone. */
async function applyVerdict(
  edge: EdgeRef,
  { isUp, fault }: Verdict,
  before: Standing,
  options: CheckOptions,
): Promise<Standing> {
  const { membership, pool, directory, log } = options;
  if (isUp) {
    if (!(await directory.renewLease(edge))) return before;
    pool.setState(edge, 'ready');
    if (before !== 'ready') log.info('edge.ready', { edge: edge.id });
    return 'ready';
  }
  if (before === 'gone') return 'gone';
  if (before !== 'suspect') membership.suspect(edge, `its checks fail: ${fault}`);
  if (!(await directory.isOver(edge))) return 'suspect';
  // Wakes the exchanges that wait for this proof.
  pool.setState(edge, 'gone');
  log.warn('edge.lost', { edge: edge.id, incarnation: edge.incarnation, cause: 'lease lapsed' });
  return 'gone';
}

/** Turns single checks into a verdict that needs `rise` passes or `fall` failures in a row to change. */
export class CheckStreak {
  #rise: number;
  #fall: number;
  #isUp: boolean | undefined;
  #against = 0;

  constructor(rise: number, fall: number) {
    this.#rise = rise;
    this.#fall = fall;
  }

  /** From now on. */
  limit(rise: number, fall: number): void {
    this.#rise = rise;
    this.#fall = fall;
  }

  /** Returns whether the backend counts as up after this check. */
  note(passed: boolean): boolean {
    if (this.#isUp === undefined) this.#isUp = passed;
    this.#against = passed === this.#isUp ? 0 : this.#against + 1;
    if (this.#against >= (this.#isUp ? this.#fall : this.#rise)) {
      this.#isUp = passed;
      this.#against = 0;
    }
    return this.#isUp;
  }
}

/** Returns what was wrong; undefined where nothing was. */
async function checkBackend(
  { address }: StaticBackend,
  { calls, settings, signal }: CheckOptions,
): Promise<string | undefined> {
  const deadline = AbortSignal.timeout(settings.CT_BACKEND_CHECK_INTERVAL_MS);
  const headers = { 'user-agent': 'mooring-check' };
  try {
    const answer = await calls.request(address, settings.CT_BACKEND_CHECK_PATH, {
      headers,
      signal: AbortSignal.any([signal, deadline]),
    });
    await answer.body.dump();
    return answer.statusCode < 400 ? undefined : `status ${answer.statusCode}`;
  } catch (error) {
    // Refused, reset, not trusted or too late: a failed check, whatever the cause.
    return (error as NodeJS.ErrnoException).code?.toString() ?? String(error);
  }
}

function optionOf(options: readonly string[], name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
