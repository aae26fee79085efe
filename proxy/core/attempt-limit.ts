/**
 * How often somebody may try a password: a bucket for each address and one for each user, in bounded memory. Pure. An address
 * that has logged in as a user before is not kept out by what others try in that user's name. Front doors that tell each other
 * what they hear count as one.
 */
import { groupOfAddress } from './address-group.ts';
import { fullSince, takeToken } from './token-bucket.ts';
import type { Rate } from './token-bucket.ts';

/** Ten at once, then one in half a minute. */
const perAddress: Rate = { costMs: 30_000, burst: 10 };
/** Thirty at once, then one in ten seconds: 8,640 a day, from however many addresses. */
const perUser: Rate = { costMs: 10_000, burst: 30 };
const addressesMax = 10_000;
const nobody = '';

interface TooMany {
  readonly kind: 'too-many';
  readonly waitSeconds: number;
}

/** `undo` gives it back, for it was no failure. */
type Begun = { readonly kind: 'may-try'; readonly undo: () => void } | TooMany;

export type Attempt<T> =
  { readonly kind: 'right'; readonly proved: T } | { readonly kind: 'wrong' } | TooMany;

/** What was tried elsewhere: by a network of addresses, in the name of nobody who is spared. */
export interface AttemptNews {
  readonly event: 'begun' | 'undone' | 'trusted';
  readonly group: string;
  readonly user?: string | undefined;
}

interface LimitOptions {
  readonly max?: number | undefined;
  /** To the others. */
  readonly tell?: ((news: AttemptNews) => void) | undefined;
}

export class AttemptLimit {
  readonly #nowMs: () => number;
  readonly #tell: (news: AttemptNews) => void;
  readonly #addresses: Buckets;
  /** Whoever there is not counts as one; so they are few, and no crowd of addresses pushes one out. */
  readonly #users: Buckets;
  readonly #trusted = new Set<string>();
  readonly #max: number;

  constructor(nowMs: () => number, { max = addressesMax, tell = () => undefined }: LimitOptions = {}) {
    this.#nowMs = nowMs;
    this.#tell = tell;
    this.#max = max;
    this.#addresses = new Buckets(perAddress, max);
    this.#users = new Buckets(perUser, max);
  }

  get size(): number {
    return this.#addresses.size;
  }

  /**
   * `user` is one that there is; undefined for any other. `verify` gives undefined for what is wrong. What is right costs
   * nothing of what may be tried, nor what could not be looked at.
   */
  async attempt<T>(
    address: string,
    user: string | undefined,
    verify: () => Promise<T | undefined>,
  ): Promise<Attempt<T>> {
    const begun = this.begin(address, user);
    if (begun.kind === 'too-many') return begun;
    try {
      const proved = await verify();
      if (proved === undefined) return { kind: 'wrong' };
      begun.undo();
      if (user !== undefined) this.trust(address, user);
      return { kind: 'right', proved };
    } catch (error) {
      begun.undo();
      throw error;
    }
  }

  begin(address: string, user: string | undefined): Begun {
    const group = groupOfAddress(address);
    const now = this.#nowMs();
    const ofAddress = this.#addresses.take(group, now);
    if (ofAddress > 0) return { kind: 'too-many', waitSeconds: ofAddress };
    const isSpared = this.#trusted.has(`${group} ${user}`);
    const name = isSpared ? undefined : (user ?? nobody);
    const ofUser = name === undefined ? 0 : this.#users.take(name, now);
    // The address has tried nothing.
    if (ofUser > 0) this.#addresses.giveBack(group, now);
    if (ofUser > 0) return { kind: 'too-many', waitSeconds: ofUser };
    this.#tell({ event: 'begun', group, user: name });
    const undo = (): void => {
      this.#giveBack(group, name, now);
      this.#tell({ event: 'undone', group, user: name });
    };
    return { kind: 'may-try', undo };
  }

  /** They have logged in from there. */
  trust(address: string, user: string): void {
    const group = groupOfAddress(address);
    this.#spare(group, user);
    this.#tell({ event: 'trusted', group, user });
  }

  hear({ event, group, user }: AttemptNews): void {
    const now = this.#nowMs();
    switch (event) {
      case 'begun':
        this.#addresses.take(group, now);
        if (user !== undefined) this.#users.take(user, now);
        return;
      case 'undone':
        return this.#giveBack(group, user, now);
      case 'trusted':
        return this.#spare(group, user ?? nobody);
    }
  }

  #giveBack(group: string, user: string | undefined, now: number): void {
    this.#addresses.giveBack(group, now);
    if (user !== undefined) this.#users.giveBack(user, now);
  }

  #spare(group: string, user: string): void {
    const name = `${group} ${user}`;
    this.#trusted.delete(name);
    this.#trusted.add(name);
    const [oldest] = this.#trusted;
    if (this.#trusted.size > this.#max) this.#trusted.delete(oldest!);
  }
}

/** Buckets of one size; the one that was used last is forgotten last. */
class Buckets {
  readonly #rate: Rate;
  readonly #max: number;
  readonly #fullAtMs = new Map<string, number>();

  constructor(rate: Rate, max: number) {
    this.#rate = rate;
    this.#max = max;
  }

  get size(): number {
    return this.#fullAtMs.size;
  }

  /** 0, or the seconds until there is room. */
  take(name: string, now: number): number {
    const fullAt = this.#fullAtMs.get(name) ?? fullSince;
    const next = takeToken(fullAt, now, this.#rate);
    if (next !== undefined) this.#set(name, next, now);
    if (next !== undefined) return 0;
    const { costMs, burst } = this.#rate;
    return Math.max(1, Math.ceil((fullAt + costMs - costMs * burst - now) / 1_000));
  }

  giveBack(name: string, now: number): void {
    const fullAt = this.#fullAtMs.get(name);
    if (fullAt !== undefined) this.#set(name, fullAt - this.#rate.costMs, now);
  }

  #set(name: string, fullAtMs: number, now: number): void {
    this.#fullAtMs.delete(name);
    if (fullAtMs > now) this.#fullAtMs.set(name, fullAtMs);
    const [oldest] = this.#fullAtMs.keys();
    if (this.#fullAtMs.size > this.#max) this.#fullAtMs.delete(oldest!);
  }
}
