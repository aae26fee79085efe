/**
 * The head of a stream's request as HTTP/1.1 would say it (RFC 9113 section 8.3, 8.2), so that gate, affinity, header rules and
 * edges see one kind of head whichever wire it came by. Refuses what HTTP/2 forbids and what could not be said unambiguously.
 */
import type { ErrorCode } from '#shared/errors.ts';
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';
import type { RequestHead } from '../core/request-gate.ts';
import { tokenBytes, valueBytes } from '../wire/head-scanner.ts';
import { isKnownMethod } from '../wire/request-head.ts';

export type StreamHead =
  | { readonly kind: 'head'; readonly head: RequestHead }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

export interface HeadLimits {
  readonly headMaxBytes: number;
  readonly fieldsMax: number;
  /** Of the handshake with the edge, which HTTP/2 does without (RFC 8441 section 5). */
  readonly webSocketKey: () => string;
}

interface PseudoFields {
  method?: string;
  scheme?: string;
  authority?: string;
  path?: string;
  protocol?: string;
}

/** RFC 9113 section 8.2.2. */
const connectionSpecific: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
/** Made for the edge anew, or meant for HTTP/1.1 alone. */
const handshakeOnly: ReadonlySet<string> = new Set(['sec-websocket-key', 'sec-websocket-accept']);
const separatorBytes = 4;
const upperCase = /[A-Z]/;

/** Total, never throws. */
export function readStreamHead(raw: HeaderList, endsStream: boolean, limits: HeadLimits): StreamHead {
  const pseudo: PseudoFields = {};
  const first = readPseudoFields(raw, pseudo);
  if (first === undefined) return refuse('request-malformed');
  if (sizeOf(raw) > limits.headMaxBytes) return refuse('head-too-large');
  if (raw.length - first > limits.fieldsMax * 2) return refuse('fields-too-many');
  const { method, authority } = pseudo;
  if (method === undefined || !isKnownMethod(method)) return refuse('request-malformed');
  const isExtended = pseudo.protocol !== undefined;
  const fault = isExtended ? extendedFault(pseudo) : plainFault(pseudo);
  if (fault !== undefined) return refuse(fault);
  const fields = readFields(raw, first, authority, isExtended);
  if (!Array.isArray(fields)) return refuse(fields.code);
  if (isExtended) {
    fields.push('upgrade', 'websocket', 'connection', 'Upgrade', 'sec-websocket-key', limits.webSocketKey());
    return headOf('GET', pseudo.path!, fields, true);
  }
  const lengths = headerValues(fields, 'content-length');
  if (endsStream && lengths.some((length) => Number(length) !== 0)) return refuse('framing-ambiguous');
  // What has no length is framed anew on the way to the edge.
  if (!endsStream && lengths.length === 0) fields.push('transfer-encoding', 'chunked');
  return headOf(method, pseudo.path!, fields, false);
}

function headOf(method: string, target: string, headers: HeaderList, isUpgrade: boolean): StreamHead {
  return { kind: 'head', head: { method, target, httpVersion: '1.1', headers, isUpgrade } };
}

function refuse(code: ErrorCode): StreamHead {
  return { kind: 'refused', code };
}

/** Pseudo-header fields stand before all others, each once, and are those that RFC 9113 and RFC 8441 know. */
function readPseudoFields(raw: HeaderList, into: PseudoFields): number | undefined {
  let at = 0;
  for (; at < raw.length && raw[at]!.startsWith(':'); at += 2) {
    const name = raw[at]!.slice(1);
    if (!isPseudoName(name) || into[name] !== undefined) return undefined;
    into[name] = raw[at + 1]!;
  }
  return at;
}

function isPseudoName(name: string): name is keyof PseudoFields {
  return ['method', 'scheme', 'authority', 'path', 'protocol'].includes(name);
}

function plainFault({ method, scheme, path, authority }: PseudoFields): ErrorCode | undefined {
  // CONNECT has no path (RFC 9113 section 8.5); nobody may have us connect anywhere.
  if (method === 'CONNECT') return 'request-malformed';
  if (scheme !== 'https' && scheme !== 'http') return 'request-malformed';
  if (authority === '') return 'host-invalid';
  return path === undefined || path === '' ? 'request-malformed' : undefined;
}

/** RFC 8441 section 4. */
function extendedFault(pseudo: PseudoFields): ErrorCode | undefined {
  if (pseudo.method !== 'CONNECT') return 'request-malformed';
  if (pseudo.protocol !== 'websocket') return 'protocol-unknown';
  return plainFault({ ...pseudo, method: 'GET' });
}

/** The fields behind the pseudo-header fields, as HTTP/1.1 has them: `host` first, one `cookie` (RFC 9113 section 8.2.3). */
function readFields(
  raw: HeaderList,
  first: number,
  authority: string | undefined,
  isExtended: boolean,
): string[] | { code: ErrorCode } {
  const fields: string[] = authority === undefined ? [] : ['host', authority];
  let cookieAt = -1;
  for (let i = first; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    const fault = fieldFault(name, value);
    if (fault !== undefined) return { code: fault };
    if (isExtended && handshakeOnly.has(name)) continue;
    if (name === 'host' && authority !== undefined) {
      if (value.toLowerCase() !== authority.toLowerCase()) return { code: 'host-invalid' };
      continue;
    }
    if (name === 'cookie' && cookieAt !== -1) {
      fields[cookieAt] += `; ${value}`;
      continue;
    }
    if (name === 'cookie') cookieAt = fields.length + 1;
    fields.push(name, value);
  }
  return fields;
}

function fieldFault(name: string, value: string): ErrorCode | undefined {
  if (!isSoundField(name, value)) return 'request-malformed';
  if (connectionSpecific.has(name)) return 'header-refused';
  if (name === 'te' && value.toLowerCase() !== 'trailers') return 'header-refused';
  return undefined;
}

/** RFC 9113 section 8.2.1: what could not stand in a line of HTTP/1.1 must never be written into one. */
export function isSoundField(name: string, value: string): boolean {
  if (name === '' || upperCase.test(name) || !consistsOf(name, tokenBytes)) return false;
  return consistsOf(value, valueBytes) && value === value.trim();
}

/** Whether each character is one byte that the table has. */
function consistsOf(text: string, table: Uint8Array): boolean {
  for (let at = 0; at < text.length; at++) {
    if (table[text.charCodeAt(at)] !== 1) return false;
  }
  return true;
}

/** As the head would be long in HTTP/1.1. */
function sizeOf(raw: HeaderList): number {
  let bytes = 0;
  for (let i = 0; i < raw.length; i += 2) bytes += raw[i]!.length + raw[i + 1]!.length + separatorBytes;
  return bytes;
}
