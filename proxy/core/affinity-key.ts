/**
 * Which session does a request name? Collects all evidence and makes it agree: explicit evidence (header,
 * query, path, Engine.IO sid, token claim) must name one key; the cookie counts only where there is none,
 * so that a cookie can never redirect a request that says where it belongs. Total: never throws.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { decodeSessionKey } from '#shared/session-token.ts';
import { headerValues } from './header-list.ts';
import type { HeaderList } from './header-list.ts';

/** The name of the header, the cookie and the query parameter. */
export const affinityName = 'ctstickiness';

export type EvidenceSource = 'header' | 'query' | 'path' | 'sid' | 'token' | 'cookie';

export interface AffinityInput {
  readonly path: string;
  readonly query: string;
  readonly headers: HeaderList;
  /** Path, sid and token evidence exists only for our own edges. */
  readonly speaksOurProtocols: boolean;
}

export type Affinity =
  | { readonly kind: 'none' }
  | { readonly kind: 'keyed'; readonly key: AffinityKey; readonly source: EvidenceSource }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly source: EvidenceSource };

interface Evidence {
  readonly source: EvidenceSource;
  readonly text: string;
}

const noEvidence: Affinity = { kind: 'none' };

export function readAffinity(input: AffinityInput): Affinity {
  const headers = headerValues(input.headers, affinityName);
  if (headers.length > 1) return { kind: 'refused', code: 'key-duplicated', source: 'header' };
  const queries = queryValues(input.query, affinityName);
  if (queries.length > 1) return { kind: 'refused', code: 'key-duplicated', source: 'query' };
  const explicit: Evidence[] = [
    ...headers.map((text) => ({ source: 'header', text }) as const),
    ...queries.map((text) => ({ source: 'query', text }) as const),
  ];
  if (input.speaksOurProtocols) explicit.push(...protocolEvidence(input));
  if (explicit.length > 0) return agree(explicit);
  return readCookie(input.headers);
}

/** `/~KEY/rest` gives the key's text and `/rest`; any other path gives itself. */
export function splitKeyPrefix(path: string): { keyText: string | undefined; rest: string } {
  const match = /^\/~([^/]*)(\/.*)?$/.exec(path);
  return match === null ? { keyText: undefined, rest: path } : { keyText: match[1]!, rest: match[2] ?? '/' };
}

/** Values of a query parameter; names and values are percent-decoded, for upstreams decode them too. */
function queryValues(query: string, name: string): string[] {
  if (!query.includes(name) && !query.includes('%')) return [];
  return new URLSearchParams(query).getAll(name);
}

function protocolEvidence(input: AffinityInput): Evidence[] {
  const evidence: Evidence[] = [];
  const { keyText, rest } = splitKeyPrefix(input.path);
  if (keyText !== undefined) evidence.push({ source: 'path', text: keyText });
  const inner = sessionPathKey(rest);
  if (inner !== undefined) evidence.push({ source: 'path', text: inner });
  if (rest.startsWith('/socket.io/')) {
    for (const sid of queryValues(input.query, 'sid')) {
      const end = sid.lastIndexOf('~');
      evidence.push({ source: 'sid', text: end === -1 ? '' : sid.slice(0, end) });
    }
  }
  for (const token of headerValues(input.headers, 'x-oct-jwt')) {
    const text = decodeSessionKey(token);
    if (text !== undefined) evidence.push({ source: 'token', text });
  }
  return evidence;
}

/** The key inside `/y/KEY/...`, `/api/session/join/KEY` and `/api/session/poll/KEY.random`. */
function sessionPathKey(path: string): string | undefined {
  const document = /^\/y\/([^/]*)(\/|$)/.exec(path);
  if (document !== null) return document[1];
  const join = /^\/api\/session\/join\/([^/]*)$/.exec(path);
  if (join !== null) return join[1];
  const poll = /^\/api\/session\/poll\/([^/]*)$/.exec(path);
  return poll === null ? undefined : poll[1]!.slice(0, Math.max(0, poll[1]!.lastIndexOf('.')));
}

function agree(evidence: readonly Evidence[]): Affinity {
  const { source, text } = evidence[0]!;
  const key = parseAffinityKey(text);
  if (key === undefined) return { kind: 'refused', code: 'key-invalid', source };
  for (const other of evidence) {
    if (other.text === text) continue;
    const code = parseAffinityKey(other.text) === undefined ? 'key-invalid' : 'key-conflict';
    return { kind: 'refused', code, source: other.source };
  }
  return { kind: 'keyed', key, source };
}

/** The first cookie of the name: clients send the one with the longest path first (RFC 6265 section 5.4). */
function readCookie(headers: HeaderList): Affinity {
  for (const line of headerValues(headers, 'cookie')) {
    for (const part of line.split(';')) {
      const equals = part.indexOf('=');
      if (equals === -1 || part.slice(0, equals).trim() !== affinityName) continue;
      const key = parseAffinityKey(part.slice(equals + 1).trim());
      return key === undefined
        ? { kind: 'refused', code: 'key-invalid', source: 'cookie' }
        : { kind: 'keyed', key, source: 'cookie' };
    }
  }
  return noEvidence;
}
