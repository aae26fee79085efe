/**
 * The one decision on whether a request is let in, before anything reads a key from it. Refuses what two
 * HTTP implementations could read differently (RFC 9112 sections 3.2, 6; RFC 9110 section 7.6.1); each rule
 * has its attack in `test/system/hostile-http.test.ts`. What the wire's own parser refuses never gets here.
 */
import { isIP } from 'node:net';
import type { ErrorCode } from '#shared/errors.ts';
import { announcesBody, requestFraming } from './body-framing.ts';
import { headerTokens, headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

export interface RequestHead {
  readonly method: string;
  /** Request target as it stood on the request line. */
  readonly target: string;
  readonly httpVersion: string;
  readonly headers: HeaderList;
  readonly isUpgrade: boolean;
}

export type GateResult =
  | {
      readonly kind: 'passed';
      /** Target in origin form: path and query. */
      readonly target: string;
      readonly path: string;
      /** Query without `?`, empty where there is none. */
      readonly query: string;
      readonly host: string;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly reason: string };

export interface GateLimits {
  readonly targetMaxBytes: number;
  /** Of a body whose length is told; the wire counts the others. */
  readonly bodyMaxBytes: number;
}

/** Names that decide framing, routing or trust; an alias with `_` for `-` must not reach anybody as one of them. */
const sensitiveNames = new Set([
  'content-length',
  'transfer-encoding',
  'forwarded',
  'x-oct-jwt',
  'x-oct-public-key',
  'x-real-ip',
]);
const sensitivePrefixes = ['x-ct-', 'x-forwarded-', 'sec-websocket-'];
/** Headers that a client must not be able to take out by naming them in Connection. */
const endToEndNames = new Set([
  'host',
  'content-length',
  'cookie',
  'authorization',
  'ctstickiness',
  'x-oct-jwt',
]);

/** May stand once at most: of two, one implementation takes the first, another the last, a third joins them. */
const singleNames = new Set([
  'authorization',
  'x-oct-jwt',
  'sec-websocket-key',
  'sec-websocket-version',
  'upgrade',
]);

const hostPattern = /^(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_](?:\.?[A-Za-z0-9_-])*\.?)(?::(\d{0,5}))?$/;
const hostMaxLength = 255;
const targetPattern = /^[\x21-\x7e]+$/;
/** A slash, or what some servers take for one. */
const slash = String.raw`(?:\/|\\|%2f|%5c)`;
/** `.` and `..` between slashes, plain or encoded, also with parameters behind a `;`. */
const dotSegmentPattern = new RegExp(String.raw`${slash}(?:\.|%2e){1,2}(?:${slash}|;|%3b|$)`, 'i');
/** What no path means: an encoded NUL, and a percent sign that encodes nothing. */
const badEscapePattern = /%(?:00|(?![0-9A-Fa-f]{2}))/;

/** Judges a head; total, never throws. */
export function judgeRequest(head: RequestHead, limits: GateLimits): GateResult {
  if (head.httpVersion !== '1.1' && head.httpVersion !== '1.0')
    return refuse('request-malformed', 'neither HTTP/1.1 nor HTTP/1.0');
  const host = judgeHost(head);
  if (typeof host !== 'string') return host;
  const framing = judgeFraming(head, limits);
  if (framing !== undefined) return framing;
  const names = judgeNames(head.headers);
  if (names !== undefined) return names;
  if (head.target.length > limits.targetMaxBytes) return refuse('target-too-long', 'the target is too long');
  const target = toOriginForm(head, host);
  if (target === undefined) return refuse('host-invalid', 'the target names another host');
  if (!target.startsWith('/') || !targetPattern.test(target) || /[#\\]/.test(target)) {
    return refuse('request-malformed', 'the target is no origin form');
  }
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  if (dotSegmentPattern.test(path)) return refuse('request-malformed', 'the path has dot segments');
  if (badEscapePattern.test(path)) return refuse('request-malformed', 'the path has a bad escape');
  return { kind: 'passed', target, path, query: queryStart === -1 ? '' : target.slice(queryStart + 1), host };
}

function refuse(code: ErrorCode, reason: string): GateResult & { kind: 'refused' } {
  return { kind: 'refused', code, reason };
}

function judgeHost(head: RequestHead): string | GateResult {
  const hosts = headerValues(head.headers, 'host');
  if (hosts.length > 1) return refuse('host-invalid', 'more than one Host');
  const host = hosts[0];
  if (host === undefined) {
    return head.httpVersion === '1.0' ? '' : refuse('host-invalid', 'no Host');
  }
  return isHost(host) ? host : refuse('host-invalid', 'malformed Host');
}

/** A name as DNS and containers have them, or an address; an optional port. RFC 3986 allows far more in a host. */
function isHost(host: string): boolean {
  const match = host.length <= hostMaxLength ? hostPattern.exec(host) : null;
  if (match === null) return false;
  const [, name, port = ''] = match;
  return Number(port) <= 65_535 && (!name!.startsWith('[') || isIP(name!.slice(1, -1)) === 6);
}

function judgeFraming(head: RequestHead, { bodyMaxBytes }: GateLimits): GateResult | undefined {
  const framing = requestFraming(head.headers, head.httpVersion);
  if (framing.kind === 'ambiguous') return refuse('framing-ambiguous', framing.reason);
  const hasBody = announcesBody(framing);
  if (hasBody && (head.isUpgrade || head.method === 'TRACE')) {
    return refuse('framing-ambiguous', 'a body where none may be');
  }
  if (framing.kind === 'length' && framing.bytes > bodyMaxBytes)
    return refuse('body-too-large', 'the body is too large');
  if (head.method === 'CONNECT') return refuse('request-malformed', 'CONNECT is not served');
  if (head.isUpgrade && head.method !== 'GET')
    return refuse('request-malformed', 'a WebSocket is asked for by GET (RFC 6455 section 4.1)');
  return undefined;
}

function judgeNames(headers: HeaderList): GateResult | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!.toLowerCase();
    if (singleNames.has(name) && headerValues(headers, name).length > 1)
      return refuse('header-refused', 'a header that stands once at most');
    if (!name.includes('_')) continue;
    const meant = name.replaceAll('_', '-');
    if (sensitiveNames.has(meant) || sensitivePrefixes.some((prefix) => meant.startsWith(prefix))) {
      return refuse('header-refused', 'an alias with an underscore');
    }
  }
  if (headerTokens(headers, 'connection').some((name) => endToEndNames.has(name))) {
    return refuse('header-refused', 'Connection names an end-to-end header');
  }
  return undefined;
}

/** Turns `http://host/path` into `/path` when the host agrees; undefined when it does not (RFC 9112 section 3.2.2). */
function toOriginForm(head: RequestHead, host: string): string | undefined {
  const absolute = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(head.target);
  if (absolute === null) return head.target;
  const [, scheme, authority, rest] = absolute as unknown as [string, string, string, string];
  const defaultPort = scheme.toLowerCase() === 'https' ? ':443' : ':80';
  if (withoutPort(authority, defaultPort) !== withoutPort(host, defaultPort)) return undefined;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

function withoutPort(authority: string, port: string): string {
  const text = authority.toLowerCase();
  if (text.endsWith(port)) return text.slice(0, -port.length);
  return text.endsWith(':') ? text.slice(0, -1) : text;
}
