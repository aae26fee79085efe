/**
 * The rules of sessions as the front doors last told them; without any, those of this edge's settings. Several tell the same: of each
 * rule the newest counts, and what a front door says otherwise than before, as after its store went back to an older copy.
 */
import type { Banner } from '#shared/banner.ts';
import { hostingRefusal, poolRulesSchema } from '#shared/pool-rules.ts';
import type { Hosting, SessionEnds } from '#shared/pool-rules.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { LifeRules } from './core/session-life.ts';

type EndSettings = Pick<
  Settings,
  'CT_END_WITHOUT_GUESTS_MINUTES' | 'CT_END_AFTER_GUESTS_MINUTES' | 'CT_END_IDLE_MINUTES'
>;

interface Rule<T> {
  readonly value: T;
  readonly version: number;
  readonly teller: object;
}

export class RulesDesk {
  readonly #settings: EndSettings;
  #hosting: Rule<Hosting> | undefined;
  #ends: Rule<SessionEnds> | undefined;
  #banner: Rule<Banner | null> | undefined;
  #life: LifeRules;

  constructor(settings: EndSettings) {
    this.#settings = settings;
    this.#life = this.#readLife();
  }

  /** When sessions end by themselves. */
  get life(): LifeRules {
    return this.#life;
  }

  /** What everybody is to be told. */
  get banner(): (Banner & { readonly version: number }) | undefined {
    const { value = null, version = 0 } = this.#banner ?? {};
    return value === null ? undefined : { ...value, version };
  }

  /** Why a client that says this of itself may not host, in words for its user. */
  hostingRefusal(told: string): string | undefined {
    return this.#hosting === undefined ? undefined : hostingRefusal(this.#hosting.value, told);
  }

  /** What a newer front door says and this edge does not read leaves the rules as they are. */
  take(told: unknown, teller: object): void {
    const rules = poolRulesSchema.safeParse(told).data;
    if (rules === undefined) return;
    const { hosting, ends, banner, versions } = rules;
    this.#hosting = newer(this.#hosting, { value: hosting, version: versions.hosting, teller });
    this.#ends = newer(this.#ends, { value: ends, version: versions.ends, teller });
    this.#banner = newer(this.#banner, { value: banner, version: versions.banner, teller });
    this.#life = this.#readLife();
  }

  #readLife(): LifeRules {
    const { CT_END_WITHOUT_GUESTS_MINUTES, CT_END_AFTER_GUESTS_MINUTES, CT_END_IDLE_MINUTES } =
      this.#settings;
    const ends = this.#ends?.value;
    return {
      noGuestsMs: spanOf(ends?.withoutGuestsMinutes ?? CT_END_WITHOUT_GUESTS_MINUTES),
      guestsLeftMs: spanOf(ends?.afterGuestsMinutes ?? CT_END_AFTER_GUESTS_MINUTES),
      idleMs: spanOf(ends?.idleMinutes ?? CT_END_IDLE_MINUTES),
    };
  }
}

function newer<T>(known: Rule<T> | undefined, told: Rule<T>): Rule<T> {
  return known === undefined || told.version >= known.version || told.teller === known.teller ? told : known;
}

/** 0 stands for never. */
function spanOf(minutes: number): number {
  return minutes === 0 ? Infinity : minutes * 60_000;
}
