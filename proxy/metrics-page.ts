/** The metrics of the front door: set anew before each look, shown to whoever may read them, told to a StatsD server. */
import { AppError } from '#shared/errors.ts';
import type { Log } from '#shared/log.ts';
import { MetricsAccess } from '#shared/metrics-access.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { StatsdPush } from '#shared/statsd-push.ts';
import { headerValues } from './core/header-list.ts';
import type { FrontJournal } from './journal/front-journal.ts';
import type { LocalAnswer, LocalRequest } from './local-answer.ts';
import { requireMethod } from './local-answer.ts';
import type { Locator } from './locator.ts';
import { setLimitGauges } from './limits/limit-gauges.ts';
import { PinCount } from './pin-count.ts';
import { setPoolGauges } from './pool-metrics.ts';

interface MetricsPageOptions {
  readonly settings: Settings;
  readonly locator: Locator;
  readonly journal: FrontJournal;
  readonly log: Log;
}

export class MetricsPage {
  readonly #options: MetricsPageOptions;
  readonly #access: MetricsAccess;
  readonly #pins: PinCount;
  #push: StatsdPush | undefined;

  /** Throws for a network in the settings that is none. */
  constructor(options: MetricsPageOptions) {
    this.#options = options;
    this.#access = new MetricsAccess(options.settings);
    const { directory } = options.locator;
    this.#pins = new PinCount(
      async () => await directory.countPins(),
      () => performance.now(),
    );
  }

  get access(): MetricsAccess {
    return this.#access;
  }

  /** To be called when this front door serves clients; `name` is its own among those who tell StatsD. */
  tellStatsd(name: string): void {
    const { settings, locator, log } = this.#options;
    this.#push = new StatsdPush({
      instance: name,
      read: async () => {
        await this.refresh();
        return await locator.metrics.read();
      },
      target: () => locator.metricsSetting.target,
      intervalMs: settings.CT_METRICS_STATSD_INTERVAL_MS,
      log,
    });
    void this.#push.run();
  }

  async stop(): Promise<void> {
    await this.#push?.stop();
  }

  /** Sets what is not kept up to date by itself. */
  async refresh(): Promise<void> {
    const { locator, journal } = this.#options;
    const { metrics, pool, outage, drains, limits } = locator;
    journal.setGauges(metrics);
    setLimitGauges(metrics, pool, limits);
    metrics.reset('ct_proxy_drain_left');
    for (const { edge, left } of drains.views()) metrics.set('ct_proxy_drain_left', left, { edge });
    setPoolGauges(metrics, pool.list(performance.now()), journal.peopleOnline);
    metrics.set('ct_proxy_directory_up', outage.isDown ? 0 : 1);
    // A look does not wait for a store that is away.
    const pins = outage.isDown ? undefined : await this.#pins.read();
    if (pins !== undefined) metrics.set('ct_proxy_pins', pins);
  }

  /** On the port for clients. Throws `not-found` where it is not served there, and `token-invalid` for who may not read it. */
  async answer(request: LocalRequest): Promise<LocalAnswer> {
    const { locator } = this.#options;
    if (!locator.metricsSetting.isServed) throw new AppError('not-found');
    requireMethod(request, 'GET');
    const [authorization = ''] = headerValues(request.headers, 'authorization');
    // Behind a proxy that nobody has listed every client would be that proxy, which often runs on this machine.
    const isAdmitted = request.isRelayed
      ? this.#access.knowsToken(authorization)
      : this.#access.admits(request.client, authorization);
    if (!isAdmitted) throw new AppError('token-invalid');
    await this.refresh();
    const headers = { 'content-type': locator.metrics.contentType, 'cache-control': 'no-store' };
    return { status: 200, headers, body: await locator.metrics.render() };
  }
}
