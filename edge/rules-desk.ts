/**
 * The rules of sessions as the front doors last told them; without any, those of this edge's settings. Several tell the same: the
 * newest counts, and what a front door says otherwise than before, as after its store went back to an older copy.
 */
import { hostingRefusal, poolRulesSchema } from '#shared/pool-rules.ts';
import type { PoolRules } from '#shared/pool-rules.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { LifeRules } from './core/session-life.ts';

type EndSettings = Pick<
  Settings,
  'CT_END_WITHOUT_GUESTS_MINUTES' | 'CT_END_AFTER_GUESTS_MINUTES' | 'CT_END_IDLE_MINUTES'
>;

export class RulesDesk {
  readonly #settings: EndSettings;
  #rules: PoolRules | undefined;
  #teller: object | undefined;
  #life: LifeRules;

  constructor(settings: EndSettings) {
    this.#settings = settings;
    this.#life = this.#readLife();
  }

  /** When sessions end by themselves. */
  get life(): LifeRules {
    return this.#life;
  }

  /** Why a client that says this of itself may not host, in words for its user. */
  hostingRefusal(told: string): string | undefined {
    return this.#rules === undefined ? undefined : hostingRefusal(this.#rules.hosting, told);
  }

  /** What a newer front door says and this edge does not read leaves the rules as they are. */
  take(told: unknown, teller: object): void {
    const rules = poolRulesSchema.safeParse(told).data;
    if (rules === undefined) return;
    if (rules.version < (this.#rules?.version ?? 0) && teller !== this.#teller) return;
    this.#rules = rules;
    this.#teller = teller;
    this.#life = this.#readLife();
  }

  #readLife(): LifeRules {
    const { CT_END_WITHOUT_GUESTS_MINUTES, CT_END_AFTER_GUESTS_MINUTES, CT_END_IDLE_MINUTES } =
      this.#settings;
    const ends = this.#rules?.ends;
    return {
      noGuestsMs: spanOf(ends?.withoutGuestsMinutes ?? CT_END_WITHOUT_GUESTS_MINUTES),
      guestsLeftMs: spanOf(ends?.afterGuestsMinutes ?? CT_END_AFTER_GUESTS_MINUTES),
      idleMs: spanOf(ends?.idleMinutes ?? CT_END_IDLE_MINUTES),
    };
  }
}

/** 0 stands for never. */
function spanOf(minutes: number): number {
  return minutes === 0 ? Infinity : minutes * 60_000;
}
