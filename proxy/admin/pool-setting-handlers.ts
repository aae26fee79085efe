/** The admin API of settings of the pool: what `mooring hosting | session-ends | banner` ask for. */
import type { Hosting, SessionEnds } from '#shared/pool-rules.ts';
import type { PoolSettings } from '../pool-settings.ts';
import type { Handlers } from './operation.ts';
import type { PoolSettingTable } from './pool-setting-table.ts';

export function poolSettingHandlers(settings: PoolSettings): Handlers<PoolSettingTable> {
  const { hosting, ends, banner } = settings;
  const showHosting = (): { version: number } & Hosting => ({ version: hosting.version, ...hosting.value });
  const showEnds = (): { version: number } & SessionEnds => ({ version: ends.version, ...ends.value });
  const showBanner = (): { version: number; isShown: boolean } & typeof banner.value => ({
    version: banner.version,
    ...banner.value,
    isShown: settings.shownBanner(Date.now()) !== undefined,
  });
  return {
    // What is changed next has to be the newest.
    hosting: async () => {
      await hosting.refresh();
      return showHosting();
    },
    setHosting: async ({ body: { version, ...next }, note }) => {
      note({ subject: 'hosting', before: JSON.stringify(hosting.value) });
      await hosting.replace(next, version);
      note({ after: JSON.stringify(hosting.value) });
      return showHosting();
    },
    sessionEnds: async () => {
      await ends.refresh();
      return showEnds();
    },
    setSessionEnds: async ({ body: { version, ...next }, note }) => {
      note({ subject: 'session ends', before: JSON.stringify(ends.value) });
      await ends.replace(next, version);
      note({ after: JSON.stringify(ends.value) });
      return showEnds();
    },
    banner: async () => {
      await banner.refresh();
      return showBanner();
    },
    setBanner: async ({ body: { version, banner: next }, note }) => {
      note({ subject: 'banner', before: JSON.stringify(banner.value.banner) });
      await banner.replace({ banner: next }, version);
      note({ after: JSON.stringify(banner.value.banner) });
      return showBanner();
    },
  };
}
