/**
 * A login as a signed cookie: whatever front door of the pool gets it knows the viewer, and none keeps a list. It is over after
 * its life, after a time without a request, and when the password that it came by is another one.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { AdminRole } from '#shared/admin-operation.ts';
import { secretsEqual } from '#shared/fleet-secrets.ts';
import { formatCookie } from '../../core/cookie.ts';

export const viewerCookie = 'ct-viewer';

const claimsSchema = z.strictObject({
  /** Random; what the CSRF token is made of. */
  id: z.string(),
  name: z.string(),
  role: z.enum(['reader', 'admin']),
  by: z.enum(['password', 'sso']),
  /** Stands for the password that it came by. */
  mark: z.string(),
  /** In seconds since 1970, by the clock of the front door that signed it. */
  from: z.number(),
  seen: z.number(),
});

export type Claims = z.output<typeof claimsSchema>;

interface Limits {
  readonly lifeMs: number;
  readonly idleMs: number;
}

interface CookieOptions {
  /** Equal on all front doors of the pool. */
  readonly secret: string;
  readonly limits: () => Limits;
  /** Since 1970. */
  readonly nowMs: () => number;
}

/** The clocks of front doors side by side may differ by as much. */
const skewSeconds = 120;

export class ViewerCookies {
  readonly #options: CookieOptions;

  constructor(options: CookieOptions) {
    this.#options = options;
  }

  begin(who: { name: string; role: AdminRole; by: Claims['by']; mark: string }): Claims {
    const now = this.#nowSeconds();
    return { id: randomBytes(18).toString('base64url'), ...who, from: now, seen: now };
  }

  #sign(claims: Claims): string {
    const body = Buffer.from(JSON.stringify(claims)).toString('base64url');
    return `${body}.${this.#mac('viewer', body)}`;
  }

  /** Undefined for what was not signed here, or is over. */
  read(value: string): Claims | undefined {
    const [body = '', mac = '', ...more] = value.split('.');
    if (more.length > 0 || !secretsEqual(mac, this.#mac('viewer', body))) return undefined;
    const parsed = claimsSchema.safeParse(JSON.parse(Buffer.from(body, 'base64url').toString()));
    return parsed.success && this.holds(parsed.data) ? parsed.data : undefined;
  }

  holds({ from, seen }: Claims): boolean {
    const { lifeMs, idleMs } = this.#options.limits();
    const now = this.#nowSeconds();
    if (from > now + skewSeconds || seen > now + skewSeconds) return false;
    return now - from < lifeMs / 1_000 && now - seen < idleMs / 1_000;
  }

  /** The same login, seen now; undefined while the one at hand is new enough. */
  renew(claims: Claims): Claims | undefined {
    const now = this.#nowSeconds();
    return now - claims.seen >= this.#options.limits().idleMs / 1_000 / 20
      ? { ...claims, seen: now }
      : undefined;
  }

  csrfOf({ id }: Pick<Claims, 'id'>): string {
    return this.#mac('csrf', id);
  }

  /** The whole field `Set-Cookie`. */
  set(claims: Claims, secure: boolean): string {
    const { lifeMs, idleMs } = this.#options.limits();
    const leftSeconds = lifeMs / 1_000 - (this.#nowSeconds() - claims.from);
    const maxAgeSeconds = Math.max(1, Math.floor(Math.min(leftSeconds, idleMs / 1_000)));
    return formatCookie(viewerCookie, this.#sign(claims), { path: '/dashboard', maxAgeSeconds, secure });
  }

  clear(secure: boolean): string {
    return formatCookie(viewerCookie, '', { path: '/dashboard', maxAgeSeconds: 0, secure });
  }

  /** Stands for a text without giving it away. */
  markOf(text: string): string {
    return this.#mac('mark', text).slice(0, 16);
  }

  #nowSeconds(): number {
    return Math.floor(this.#options.nowMs() / 1_000);
  }

  #mac(what: string, text: string): string {
    return createHmac('sha256', this.#options.secret).update(`${what}\n${text}`).digest('base64url');
  }
}
