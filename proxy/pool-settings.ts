/** Settings of the pool that administrators change while it runs: who may host, when sessions end, a banner. */
import { z } from 'zod';
import type { Banner } from '#shared/banner.ts';
import { bannerSchema } from '#shared/banner.ts';
import type { Log } from '#shared/log.ts';
import { anyHosting, endsSchema, hostingSchema, ownEnds } from '#shared/pool-rules.ts';
import type { Hosting, PoolRules, SessionEnds } from '#shared/pool-rules.ts';
import type { Directory } from './directory/directory.ts';
import { FleetSetting } from './fleet-setting.ts';

const storedBanner = z.strictObject({ banner: bannerSchema.nullable() });

export class PoolSettings {
  readonly hosting: FleetSetting<Hosting>;
  readonly ends: FleetSetting<SessionEnds>;
  readonly banner: FleetSetting<z.output<typeof storedBanner>>;
  #rules: PoolRules = {
    version: 0,
    versions: { hosting: 0, ends: 0, banner: 0 },
    hosting: anyHosting,
    ends: ownEnds,
    banner: null,
  };

  constructor({ directory, log }: { directory: Directory; log: Log }) {
    const open = <T>(name: string, initial: T, schema: z.ZodType<T>): FleetSetting<T> =>
      new FleetSetting({
        directory,
        name,
        initial,
        changedCode: 'setting-changed',
        parse: (stored) => schema.safeParse(stored).data,
        onRefused: (version) => log.error('pool-setting.refused', { setting: name, version }),
      });
    this.hosting = open('hosting', anyHosting, hostingSchema);
    this.ends = open('session-ends', ownEnds, endsSchema);
    this.banner = open('banner', { banner: null }, storedBanner);
  }

  /** Takes over what the directory has. */
  async refresh(): Promise<void> {
    for (const setting of [this.hosting, this.ends, this.banner]) await setting.refresh();
  }

  /** What edges are told; the same object until something differs. */
  readonly rules = (): PoolRules => {
    const { value: hosting, version: ofHosting } = this.hosting;
    const { value: ends, version: ofEnds } = this.ends;
    const banner = this.shownBanner(Date.now()) ?? null;
    const before = this.#rules;
    if (hosting !== before.hosting || ends !== before.ends || banner !== before.banner) {
      const versions = { hosting: ofHosting, ends: ofEnds, banner: this.banner.version };
      this.#rules = { version: ofHosting + ofEnds, versions, hosting, ends, banner };
    }
    return this.#rules;
  };

  /** What is to be shown now. */
  shownBanner(nowMs: number): Banner | undefined {
    const { banner } = this.banner.value;
    return banner === null || (banner.until !== null && banner.until <= nowMs) ? undefined : banner;
  }
}
