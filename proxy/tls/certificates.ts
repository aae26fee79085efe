/**
 * The certificates of the front door: read at start, where any fault stops it, and again when files have changed, where whatever is
 * wrong leaves the certificate that was served before. Connections keep the one that they began with.
 */
import { constants, randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import { selfSignedPath } from '#shared/self-signed-file.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { CertificateChoice } from '../core/certificate-choice.ts';
import { PairRefusal, readPair } from './certificate-pair.ts';
import type { CertificatePair, PairFiles } from './certificate-pair.ts';
import { filesOfFolder, readAuthoritiesOf, standardFilesOf } from './certificate-settings.ts';
import { ensureSelfSigned } from './self-signed.ts';

interface CertificatesOptions {
  readonly settings: Settings;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Of the wall clock, which certificates are about. */
  readonly nowMs: () => number;
}

interface Served {
  readonly pair: CertificatePair;
  readonly context: SecureContext;
}

interface Loaded {
  /** By the path of the certificate. */
  readonly served: ReadonlyMap<string, Served>;
  readonly standard: Served;
  readonly choice: CertificateChoice<CertificatePair>;
  /** Of clients; empty where nobody asks them for certificates. */
  readonly authorities: string;
}

export interface ReloadOutcome {
  /** Whether anything is served that was not before. */
  readonly changed: boolean;
  /** What was not taken, and why. */
  readonly refusals: readonly string[];
}

/** Names of one line: a certificate may have hundreds. */
const namesToldMax = 20;
const certificatesToldMax = 100;
/** So that sessions go on under whichever certificate they come back to. */
const sessionIdContext = 'mooring';
/** A client of TLS 1.2 could have us shake hands again and again on one connection, which no limit on connections counts. */
const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
const ticketKeyBytes = 48;
/** Whoever gets hold of a key can read what TLS 1.2 said under its tickets; sessions end after 5 minutes anyway. */
const ticketKeysMaxMs = 86_400_000;

export class Certificates {
  /** Hears of every change of what is served. */
  onChange: () => void = () => undefined;
  readonly #options: CertificatesOptions;
  #loaded: Loaded;
  /** Sessions go on through changes of certificates, but not where those who prove who clients are have changed. */
  #ticketKeys = randomBytes(ticketKeyBytes);
  #ticketKeysAtMs: number;
  #told: ReadonlySet<string> = new Set();
  #renewalFault = '';

  /** Throws an error whose lines tell every fault. */
  constructor(options: CertificatesOptions) {
    this.#options = options;
    this.#ticketKeysAtMs = options.nowMs();
    this.renewSelfSigned();
    const { loaded, refusals } = this.#load(undefined, options.settings);
    if (refusals.length > 0 || loaded === undefined) throw new Error(refusals.join('\n'));
    this.#loaded = loaded;
    this.#tell();
  }

  /** For the server: of clients that name no host, or one that no certificate is for. */
  serverOptions(): SecureContextOptions & { ticketKeys: Buffer } {
    const { standard, authorities } = this.#loaded;
    return { ...this.#contextOptions(standard.pair, authorities), ticketKeys: this.#ticketKeys };
  }

  /** Undefined where none is for the name. */
  contextFor(name: string): SecureContext | undefined {
    const pair = this.#loaded.choice.choose(name);
    return pair === undefined ? undefined : this.#loaded.served.get(pair.files.certPath)?.context;
  }

  /** Whether there is one for a name or an address. */
  covers(name: string): boolean {
    return this.#loaded.choice.choose(name) !== undefined;
  }

  /** What is served, each with the names that it is served for. */
  list(): readonly CertificatePair[] {
    return [...this.#loaded.served.values()].map(({ pair }) => pair);
  }

  get standard(): CertificatePair {
    return this.#loaded.standard.pair;
  }

  /** Whether something was refused when the files were last read. */
  get isIncomplete(): boolean {
    return this.#told.size > 0;
  }

  /** Takes what has changed; never throws. */
  reload(): ReloadOutcome {
    const { log, metrics } = this.#options;
    const before = this.#loaded;
    const { loaded, refusals } = this.#load(before, this.#options.settings);
    const news = refusals.filter((reason) => !this.#told.has(reason));
    for (const reason of news) log.error('certificate.refused', { reason });
    this.#told = new Set(refusals);
    metrics.set('ct_proxy_certificates_refused', refusals.length);
    const changed = loaded !== undefined && differs(before, loaded);
    if (news.length > 0) metrics.count('ct_proxy_certificate_reloads_total', { outcome: 'refused' });
    if (changed) this.#serve(loaded);
    return { changed, refusals };
  }

  /** For other settings: gives what takes them up, undefined where all stays as it is. Throws a line with every fault. */
  prepare(next: Settings): (() => void) | undefined {
    const before = this.#loaded;
    const { loaded, refusals } = this.#load(before, next);
    if (refusals.length > 0 || loaded === undefined) throw new Error(refusals.join('; '));
    const hasOtherVersion = next.CT_TLS_MIN_VERSION !== this.#options.settings.CT_TLS_MIN_VERSION;
    return differs(before, loaded) || hasOtherVersion ? () => this.#serve(loaded) : undefined;
  }

  #serve(loaded: Loaded): void {
    this.#options.metrics.count('ct_proxy_certificate_reloads_total', { outcome: 'loaded' });
    if (loaded.authorities !== this.#loaded.authorities) this.#makeTicketKeys();
    this.#loaded = loaded;
    this.#tell();
    this.onChange();
  }

  /** Once a day. */
  renewTickets(): void {
    if (Math.abs(this.#options.nowMs() - this.#ticketKeysAtMs) < ticketKeysMaxMs) return;
    this.#makeTicketKeys();
    this.onChange();
  }

  #makeTicketKeys(): void {
    this.#ticketKeys = randomBytes(ticketKeyBytes);
    this.#ticketKeysAtMs = this.#options.nowMs();
  }

  /** Where the front door makes its certificate itself: makes one, in place of one that ends soon as well. */
  renewSelfSigned(): void {
    const { settings, log, nowMs } = this.#options;
    const { CT_SELF_SIGNED: choice, CT_DATA_DIR: folder, CT_HOST: host } = settings;
    if (choice !== 'yes' || !ensureSelfSigned(folder, host, nowMs())) return;
    log.info('certificate.made', { file: selfSignedPath(folder) });
  }

  /** As it is now and then; where it cannot, what is there is served on, and one line says why. */
  tryRenewSelfSigned(): void {
    try {
      this.renewSelfSigned();
      this.#renewalFault = '';
    } catch (error) {
      const reason = `the certificate of our own cannot be renewed: ${(error as Error).message}`;
      if (reason !== this.#renewalFault) this.#options.log.error('certificate.refused', { reason });
      this.#renewalFault = reason;
    }
  }

  /** With what was loaded before, a pair that cannot be read is what it was; without, it is missing. */
  #load(before: Loaded | undefined, settings: Settings): { loaded: Loaded | undefined; refusals: string[] } {
    const refusals: string[] = [];
    const attempt = <T>(read: () => T, otherwise: T): T => {
      try {
        return read();
      } catch (error) {
        if (!(error instanceof PairRefusal)) throw error;
        refusals.push(error.message);
        return otherwise;
      }
    };
    const authorities = attempt(() => readAuthoritiesOf(settings), before?.authorities ?? '');
    const standardFiles = standardFilesOf(settings);
    const files = attempt(() => filesOfFolder(settings.CT_TLS_DIR), filesOf(before, standardFiles));
    const served = new Map<string, Served>();
    for (const item of [...(standardFiles === undefined ? [] : [standardFiles]), ...files]) {
      const old = before?.served.get(item.certPath);
      const taken = attempt(() => this.#take(item, old, { authorities, before }), old);
      if (taken !== undefined) served.set(item.certPath, taken);
    }
    const standard = served.get(standardFiles?.certPath ?? '') ?? firstOf(served);
    if (standard === undefined) {
      if (refusals.length === 0) refusals.push(`there is no certificate in ${settings.CT_TLS_DIR}`);
      return { loaded: before, refusals };
    }
    const pairs = [...served.values()].map(({ pair }) => pair);
    return { loaded: { served, standard, choice: new CertificateChoice(pairs), authorities }, refusals };
  }

  #take(
    files: PairFiles,
    old: Served | undefined,
    { authorities, before }: { authorities: string; before: Loaded | undefined },
  ): Served {
    const pair = readPair(files, this.#options.nowMs(), old?.pair);
    if (old !== undefined && pair === old.pair && authorities === before?.authorities) return old;
    return { pair, context: createSecureContext(this.#contextOptions(pair, authorities)) };
  }

  #contextOptions({ cert, key }: CertificatePair, authorities: string): SecureContextOptions {
    const minVersion = this.#options.settings.CT_TLS_MIN_VERSION as 'TLSv1.2' | 'TLSv1.3';
    const ofClients = authorities === '' ? {} : { ca: authorities };
    return { cert, key, minVersion, secureOptions, sessionIdContext, ...ofClients };
  }

  #tell(): void {
    const { log, metrics } = this.#options;
    const { choice, standard } = this.#loaded;
    metrics.reset('ct_proxy_certificate_expiry_seconds');
    for (const [name, { notAfterMs }] of [['default', standard.pair] as const, ...choice.entries()])
      metrics.set('ct_proxy_certificate_expiry_seconds', notAfterMs / 1_000, { name });
    const list = this.list();
    const certificates = list
      .slice(0, certificatesToldMax)
      .map(({ files, names, notAfterMs, fingerprint }) => ({
        file: files.certPath,
        names: names.slice(0, namesToldMax),
        expiresAt: new Date(notAfterMs).toISOString(),
        fingerprint,
      }));
    log.info('certificates.loaded', { count: list.length, certificates });
  }
}

function differs(before: Loaded, loaded: Loaded): boolean {
  if (before.served.size !== loaded.served.size || before.standard !== loaded.standard) return true;
  return [...loaded.served].some(([path, served]) => before.served.get(path) !== served);
}

/** Those of the folder as it was. */
function filesOf(before: Loaded | undefined, standardFiles: PairFiles | undefined): readonly PairFiles[] {
  const pairs = [...(before?.served.values() ?? [])].map(({ pair }) => pair.files);
  return pairs.filter(({ certPath }) => certPath !== standardFiles?.certPath);
}

/** The one that is called default, or the first. */
function firstOf(served: ReadonlyMap<string, Served>): Served | undefined {
  const named = [...served].find(([path]) => /^default\.(crt|pem)$/.test(basename(path)));
  return named?.[1] ?? served.values().next().value;
}
