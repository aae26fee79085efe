/**
 * Looks after certificates while they are served: takes files that have changed, once they are at rest, renews the one that is
 * our own, and warns before one expires.
 */
import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import type { Log } from '#shared/log.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { stampOf, watchedOf } from './certificate-files.ts';
import type { Certificates } from './certificates.ts';

/** Files that are written one after the other are looked at until two looks see the same. */
const restMs = 250;
/** Where something else in the folder never rests, they are taken as they are; what is half-written is refused. */
const looksMax = 40;
const dayMs = 86_400_000;
const warnBeforeMs = 14 * dayMs;

interface CareOptions {
  readonly certificates: Certificates;
  readonly settings: Settings;
  readonly log: Log;
  /** Of the wall clock. */
  readonly nowMs: () => number;
  readonly signal: AbortSignal;
}

/** Goes on until the signal aborts. */
export function careForCertificates(options: CareOptions): void {
  const care = new CertificateCare(options);
  care.start();
}

class CertificateCare {
  readonly #options: CareOptions;
  #watchers: FSWatcher[] = [];
  #taken: string;
  #seen: string;
  #look: NodeJS.Timeout | undefined;
  #looks = 0;
  /** When it was last warned of a certificate, by its fingerprint. */
  readonly #warnedAtMs = new Map<string, number>();

  constructor(options: CareOptions) {
    this.#options = options;
    this.#taken = this.#seen = this.#stamp();
  }

  start(): void {
    const { settings, signal } = this.#options;
    this.#watch();
    this.#warn();
    const timer = setInterval(() => this.#onInterval(), settings.CT_TLS_RELOAD_INTERVAL_MS).unref();
    signal.addEventListener('abort', () => {
      clearInterval(timer);
      clearTimeout(this.#look);
      this.#unwatch();
    });
  }

  #onInterval(): void {
    this.#options.certificates.tryRenewSelfSigned();
    this.#options.certificates.renewTickets();
    this.#warn();
    if (this.#look !== undefined) return;
    if (this.#stamp() !== this.#taken) this.#lookSoon();
    // The clock of whoever signed it may be ahead of ours: its time comes while its files stay as they are.
    else if (this.#options.certificates.isIncomplete) this.#options.certificates.reload();
  }

  #lookSoon(): void {
    if (this.#look !== undefined || this.#options.signal.aborted) return;
    this.#seen = this.#stamp();
    this.#look = setTimeout(() => this.#lookAgain(), restMs).unref();
  }

  #lookAgain(): void {
    this.#look = undefined;
    const stamp = this.#stamp();
    if (stamp !== this.#seen && ++this.#looks < looksMax) return this.#lookSoon();
    this.#looks = 0;
    if (stamp === this.#taken) return;
    this.#taken = stamp;
    this.#options.certificates.reload();
    this.#warn();
    // Folders come and go, and one that was swapped by a link is another one.
    this.#unwatch();
    this.#watch();
  }

  #stamp(): string {
    return stampOf(watchedOf(this.#options.settings).paths);
  }

  /** Where the system cannot watch a folder, the interval finds what has changed. */
  #watch(): void {
    for (const folder of watchedOf(this.#options.settings).folders) {
      try {
        const watcher = watch(folder, { persistent: false }, () => this.#lookSoon());
        watcher.on('error', () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        continue;
      }
    }
  }

  #unwatch(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }

  /** Once a day for each. */
  #warn(): void {
    const { certificates, log, nowMs } = this.#options;
    const now = nowMs();
    for (const { files, names, notAfterMs, fingerprint } of certificates.list()) {
      if (notAfterMs - now > warnBeforeMs) continue;
      if (now - (this.#warnedAtMs.get(fingerprint) ?? -Infinity) < dayMs) continue;
      this.#warnedAtMs.set(fingerprint, now);
      const facts = { file: files.certPath, name: names[0], expiresAt: new Date(notAfterMs).toISOString() };
      if (notAfterMs > now) log.warn('certificate.expiring', facts);
      else log.error('certificate.expired', facts);
    }
    for (const [fingerprint, at] of this.#warnedAtMs)
      if (now - at >= dayMs) this.#warnedAtMs.delete(fingerprint);
  }
}
