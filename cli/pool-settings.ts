/** `mooring hosting | session-ends | banner`: settings of the whole pool, which front doors and edges take up while they run. */
import type { Banner } from '#shared/banner.ts';
import type { Hosting, SessionEnds } from '#shared/pool-rules.ts';
import { ask } from './admin-client.ts';
import { print, row } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

type Versioned<T> = { readonly version: number } & T;
type BannerView = Versioned<{ readonly banner: Banner | null; readonly isShown: boolean }>;

export interface HostingFlags extends InspectOptions {
  readonly client?: readonly string[];
  readonly unidentified?: string;
}

export const hostingHelp = `
Clients of the Open Collaboration Protocol that are older may not begin a session; they may join, and sessions that run go on.
A client is known by what its connection says (VS Code: name and version of its extension; Theia: no version).

Examples:
  mooring hosting
  mooring hosting 0.3.5                                  every client
  mooring hosting 0.3.5 --client "Visual Studio Code=0.3.8" --unidentified refuse
  mooring hosting off                                    any version`;

export async function hosting(minimum: string | undefined, flags: HostingFlags): Promise<void> {
  const before = await ask<Versioned<Hosting>>(flags, '/admin/hosting');
  if (minimum === undefined) return showHosting(before, flags);
  const clients = (flags.client ?? []).map((item) => {
    const at = item.lastIndexOf('=');
    if (at < 1) throw new Error(`--client ${item}: say NAME=VERSION`);
    return [item.slice(0, at), item.slice(at + 1)];
  });
  const body = {
    version: before.version,
    minimumVersion: minimum === 'off' ? null : minimum,
    clients: Object.fromEntries(clients) as Record<string, string>,
    unidentified: flags.unidentified ?? 'allow',
  };
  showHosting(await ask<Versioned<Hosting>>(flags, '/admin/hosting', { body, method: 'PUT' }), flags);
}

function showHosting(view: Versioned<Hosting>, options: InspectOptions): void {
  print(options, view, () => [
    row(['CLIENT', 'FROM VERSION']),
    row(['every client', view.minimumVersion ?? 'any']),
    ...Object.entries(view.clients).map(([name, version]) => row([name, version])),
    row(['without a version', view.unidentified]),
  ]);
}

export interface EndsFlags extends InspectOptions {
  readonly withoutGuests?: string;
  readonly afterGuests?: string;
  readonly idle?: string;
}

export const endsHelp = `
In minutes; 0: never; own: as the settings of each edge say (CT_END_WITHOUT_GUESTS_MINUTES, CT_END_AFTER_GUESTS_MINUTES,
CT_END_IDLE_MINUTES). Sessions that run follow, too.

Examples:
  mooring session-ends
  mooring session-ends --idle 15
  mooring session-ends --without-guests own --after-guests own --idle own`;

export async function sessionEnds(flags: EndsFlags): Promise<void> {
  const { version, ...before } = await ask<Versioned<SessionEnds>>(flags, '/admin/session-ends');
  const change = {
    ...given('withoutGuestsMinutes', flags.withoutGuests),
    ...given('afterGuestsMinutes', flags.afterGuests),
    ...given('idleMinutes', flags.idle),
  };
  const body = { version, ...before, ...change };
  const isAsked = Object.keys(change).length > 0;
  const view = isAsked
    ? await ask<Versioned<SessionEnds>>(flags, '/admin/session-ends', { body, method: 'PUT' })
    : { version, ...before };
  const show = (minutes: number | null): string => {
    if (minutes === null) return 'as each edge is set';
    return minutes === 0 ? 'never' : `${minutes} min`;
  };
  print(flags, view, () => [
    row(['A SESSION ENDS', 'AFTER']),
    row(['without a guest ever', show(view.withoutGuestsMinutes)]),
    row(['after the last guest left', show(view.afterGuestsMinutes)]),
    row(['when nothing is said', show(view.idleMinutes)]),
  ]);
}

function given(name: keyof SessionEnds, text: string | undefined): Partial<SessionEnds> {
  if (text === undefined) return {};
  if (text !== 'own' && !/^\d{1,6}$/.test(text)) throw new Error(`${text}: say minutes, 0 or own`);
  return { [name]: text === 'own' ? null : Number(text) };
}

export interface BannerFlags extends InspectOptions {
  readonly level?: string;
  readonly until?: string;
}

export const bannerHelp = `
Shown at the head of the home page, the login page, the page of clients and the dashboard of every front door, and in /api/meta.

Examples:
  mooring banner
  mooring banner "Maintenance on Saturday from 8 to 9"
  mooring banner "Save your work" --level warning --until 2026-12-05T20:00:00Z
  mooring banner off`;

export async function banner(text: string | undefined, flags: BannerFlags): Promise<void> {
  const before = await ask<BannerView>(flags, '/admin/banner');
  if (text === undefined) return showBanner(before, flags);
  const until = flags.until === undefined ? null : Date.parse(flags.until);
  if (Number.isNaN(until))
    throw new Error(`--until ${flags.until}: say a time, such as 2026-12-05T20:00:00Z`);
  const next = text === 'off' ? null : { text, level: flags.level ?? 'info', until };
  const body = { version: before.version, banner: next };
  showBanner(await ask<BannerView>(flags, '/admin/banner', { body, method: 'PUT' }), flags);
}

function showBanner(view: BannerView, options: InspectOptions): void {
  print(options, view, () => {
    if (view.banner === null) return ['no banner'];
    const { text, level, until } = view.banner;
    const end = until === null ? 'until it is replaced' : `until ${new Date(until).toISOString()}`;
    return [`${level}, ${end}${view.isShown ? '' : ', which is over'}: ${text}`];
  });
}
