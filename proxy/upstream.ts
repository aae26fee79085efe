/**
 * Connections to edges for HTTP exchanges: one bounded keep-alive pool per address (undici). Turns the
 * ways in which an exchange with an edge can fail into codes of the error table.
 */
import { Pool, errors } from 'undici';
import type { ErrorCode } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';

const keepAliveMs = 4_000;
const closeDeadlineMs = 1_000;

export class Upstreams {
  readonly #settings: Settings;
  readonly #pools = new Map<string, Pool>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The pool of an origin; made at first use. */
  pool(address: string): Pool {
    let pool = this.#pools.get(address);
    if (pool === undefined) {
      pool = new Pool(address, {
        connections: this.#settings.CT_UPSTREAM_CONNECTIONS_MAX,
        connect: { timeout: this.#settings.CT_CONNECT_TIMEOUT_MS },
        headersTimeout: this.#settings.CT_FIRST_BYTE_TIMEOUT_MS,
        bodyTimeout: this.#settings.CT_BODY_IDLE_TIMEOUT_MS,
        keepAliveTimeout: keepAliveMs,
        pipelining: 1,
      });
      this.#pools.set(address, pool);
    }
    return pool;
  }

  /** Forgets addresses that no edge has any more. */
  retain(addresses: ReadonlySet<string>): void {
    for (const [address, pool] of this.#pools) {
      if (addresses.has(address)) continue;
      this.#pools.delete(address);
      void closePool(pool);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(closePool));
    this.#pools.clear();
  }
}

async function closePool(pool: Pool): Promise<void> {
  const deadline = setTimeout(() => void pool.destroy(), closeDeadlineMs);
  await pool.close().catch(() => undefined);
  clearTimeout(deadline);
}

const connectFailures = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'ENOTFOUND', 'EAI_AGAIN']);

/** What a failure says: the code, and whether a byte of the request can have reached the upstream. */
export function judgeFailure(error: unknown): { code: ErrorCode; reached: 'nothing' | 'upstream' } {
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  if (connectFailures.has(code)) return { code: 'upstream-refused', reached: 'nothing' };
  if (error instanceof errors.ConnectTimeoutError) return { code: 'upstream-timeout', reached: 'nothing' };
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError) {
    return { code: 'upstream-timeout', reached: 'upstream' };
  }
  return { code: 'upstream-broken', reached: 'upstream' };
}
