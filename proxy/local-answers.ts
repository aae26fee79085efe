/**
 * What the front door answers by itself: home page, metadata, login, and health where no key is named.
 * Everything here is bounded: body size, number of logins under way, length of a poll.
 */
import type { Banner } from '#shared/banner.ts';
import { AppError } from '#shared/errors.ts';
import { version } from '#shared/version.ts';
import type { HeaderList } from './core/header-list.ts';
import { headerValues } from './core/header-list.ts';
import type { RouteName } from './core/route.ts';
import type { Downloads } from './downloads/downloads.ts';
import { json, originOf, requireMethod } from './local-answer.ts';
import type { LocalAnswer, LocalRequest } from './local-answer.ts';
import type { SessionPage } from './session-page/session-page.ts';
import { homePage } from './pages/home-page.ts';
import { loginPage } from './pages/login-page.ts';
import { RecentPages } from './pages/recent-pages.ts';
import type { Locate } from './locate.ts';
import type { Entrance } from './tls/entrance.ts';
import type { Login } from './login/login.ts';
import type { JudgeLogin } from './login/login-judge.ts';
import type { PoolEdge } from './membership/pool.ts';

/** The version of the Open Collaboration Protocol that edges speak; clients accept the same 0.minor. */
const protocolVersion = '0.3.0';

interface LocalOptions {
  readonly owner: () => string;
  readonly login: Login;
  readonly locate: Locate;
  readonly entrance: Entrance;
  /** Of what people see who have logged in. */
  readonly viewers: { answer: (request: LocalRequest) => Promise<LocalAnswer> };
  readonly sessionPage: SessionPage;
  readonly metrics: { answer: (request: LocalRequest) => Promise<LocalAnswer> };
  readonly downloads: Downloads;
  readonly hasClients: () => boolean;
  /** To be shown now. */
  readonly banner: () => Banner | undefined;
  readonly edges: () => readonly PoolEdge[];
}

export class LocalAnswers {
  readonly #options: LocalOptions;
  readonly #homePages = new RecentPages((origin) => {
    const { edges, banner, hasClients } = this.#options;
    return homePage({ edges: edges(), origin, banner: banner(), hasClients: hasClients() });
  });

  constructor(options: LocalOptions) {
    this.#options = options;
  }

  /** Undefined where nobody has to vouch for those who get into a session. */
  get judgeLogin(): JudgeLogin | undefined {
    return this.#options.login.judge;
  }

  async answer(route: RouteName, request: LocalRequest): Promise<LocalAnswer> {
    // Nobody's pages but ours call what is behind the gate.
    if (route === 'dashboard' || route === 'sso') return await this.#options.viewers.answer(request);
    const answer = await this.#answerRoute(route, request);
    return { ...answer, headers: { ...crossOrigin(request.headers), ...answer.headers } };
  }

  async #answerRoute(route: RouteName, request: LocalRequest): Promise<LocalAnswer> {
    if (route === 'redirect') return this.#options.entrance.redirect(request);
    if (route === 'session-page') return this.#options.sessionPage.answer(request);
    if (route === 'clients') return await this.#options.downloads.answer(request);
    if (request.method === 'OPTIONS') return preflight;
    switch (route) {
      case 'login':
        return await this.#options.login.answer(request);
      case 'locate':
        await this.judgeLogin?.(route, request);
        return await this.#options.locate.answer(request);
      case 'acme-challenge':
        return await this.#options.entrance.answerChallenge(request);
      case 'metrics':
        return await this.#options.metrics.answer(request);
      case 'home':
        requireMethod(request, 'GET');
        return html(this.#homePages.of(originOf(request)));
      case 'login-page':
        requireMethod(request, 'GET');
        return html(
          loginPage(this.#options.login.providers, this.#options.login.hasSignOn, this.#options.banner()),
        );
      case 'meta':
        requireMethod(request, 'GET');
        return json(200, this.#meta());
      case 'health':
        requireMethod(request, 'GET');
        return this.#health();
      default:
        throw new AppError('not-found');
    }
  }

  /** Clients of the protocol leave alone what they do not know. */
  #meta(): object {
    const banner = this.#options.banner();
    const known = { owner: this.#options.owner(), version: protocolVersion, transports: ['socket.io'] };
    return banner === undefined ? known : { ...known, banner };
  }

  /** Health of the whole pool: a load balancer in front asks without a key. */
  #health(): LocalAnswer {
    const edges = this.#options.edges();
    const ready = edges.filter((edge) => edge.state === 'ready').length;
    const status = ready > 0 ? 'ok' : 'no-edge-ready';
    return json(ready > 0 ? 200 : 503, { status, edges: edges.length, ready, version });
  }
}

const preflight: LocalAnswer = {
  status: 204,
  headers: { 'access-control-allow-methods': 'GET, POST', 'access-control-max-age': '600' },
  body: '',
};

/** Pages run no script from elsewhere, are framed by nobody, and send no referrer with a key in it. */
const contentPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'self' 'unsafe-inline'; connect-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

function html(body: string | Buffer): LocalAnswer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentPolicy,
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  return { status: 200, headers, body };
}

/** Editors in a browser call the API from their own origin; tokens travel in headers, not in cookies of ours. */
function crossOrigin(headers: HeaderList): Record<string, string> {
  const origin = headerValues(headers, 'origin')[0];
  if (origin === undefined) return {};
  return {
    'access-control-allow-origin': origin,
    'access-control-allow-headers':
      'content-type, x-oct-jwt, x-oct-public-key, x-oct-client, x-oct-compression, ctstickiness',
    vary: 'Origin',
  };
}
