/**
 * What is asked at the door before anything reads a key: HTTPS and a client's certificate, where they are wanted. Answers
 * requests that are sent on to HTTPS, and those of a certificate authority that looks whether this is the host.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import type { Route } from '../core/route.ts';
import { requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import type { Wire } from '../wire/wire.ts';

/** RFC 8555 section 8.3. */
const challengePrefix = '/.well-known/acme-challenge/';
const tokenPattern = /^[A-Za-z0-9_-]{1,128}$/;
const healthPaths = new Set(['/ct-health', '/ct-health/']);
const redirectRoute: Route = { name: 'redirect', needs: 'local' };
/** Of the pool: whoever is not let in asks no edge, and places no key. */
const healthRoute: Route = { name: 'health', needs: 'local' };
const challengeRoute: Route = { name: 'acme-challenge', needs: 'local' };

type EntranceSettings = Pick<
  Settings,
  'CT_HTTPS_REDIRECT' | 'CT_HTTPS_PUBLIC_PORT' | 'CT_HTTPS_PORT' | 'CT_ACME_DIR' | 'CT_TLS_CLIENT_CERTS'
>;

export class Entrance {
  readonly #settings: EntranceSettings;
  readonly #covers: (hostname: string) => boolean;
  #httpsPort: number;

  /** `covers` tells whether there is a certificate for a name or address. */
  constructor(settings: EntranceSettings, covers: (hostname: string) => boolean) {
    this.#settings = settings;
    this.#covers = covers;
    this.#httpsPort = settings.CT_HTTPS_PORT;
  }

  /** The HTTPS port is open; clients see this one unless the settings name another. */
  opened(httpsPort: number | undefined): void {
    this.#httpsPort = httpsPort ?? this.#httpsPort;
  }

  /** A route of its own where the request goes no further; throws where the client does not get in. */
  judge(peer: Wire['peer'], path: string, proto: 'http' | 'https'): Route | undefined {
    const { CT_ACME_DIR: folder, CT_HTTPS_REDIRECT: redirect, CT_TLS_CLIENT_CERTS: wanted } = this.#settings;
    const isHealth = healthPaths.has(path);
    const isChallenge = path.startsWith(challengePrefix);
    if (isChallenge && folder !== '') return challengeRoute;
    if (proto === 'http' && redirect === 'on' && !isChallenge) return isHealth ? healthRoute : redirectRoute;
    const { identity } = peer;
    // By plain HTTP nobody shows a certificate, through a proxy in front neither.
    const isMissing = wanted === 'required' && identity === undefined;
    if (!isMissing && identity?.kind !== 'refused') return undefined;
    if (isHealth) return healthRoute;
    throw new AppError(identity?.kind === 'refused' ? identity.code : 'client-certificate-missing');
  }

  /** 308, so that the method and the body stay what they were (RFC 9110 section 15.4.9). */
  redirect({ host, target }: Pick<LocalRequest, 'host' | 'target'>): LocalAnswer {
    const hostname = host.replace(/:\d*$/, '').toLowerCase();
    if (hostname === '' || !this.#covers(hostname)) throw new AppError('host-unknown');
    const publicPort = this.#settings.CT_HTTPS_PUBLIC_PORT || this.#httpsPort;
    const port = publicPort === 443 ? '' : `:${publicPort}`;
    // Not kept by browsers: the setting can be taken back.
    const headers = { location: `https://${hostname}${port}${target}`, 'cache-control': 'no-store' };
    return { status: 308, headers, body: '' };
  }

  /** A file of `CT_ACME_DIR`, where a client of an authority (certbot --webroot) has put it. */
  async answerChallenge(request: LocalRequest): Promise<LocalAnswer> {
    requireMethod(request, 'GET');
    const token = request.path.slice(challengePrefix.length);
    if (!tokenPattern.test(token)) throw new AppError('not-found');
    try {
      const body = await readFile(join(this.#settings.CT_ACME_DIR, challengePrefix, token), 'latin1');
      const headers = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' };
      return { status: 200, headers, body };
    } catch (cause) {
      throw new AppError('not-found', { cause });
    }
  }
}
