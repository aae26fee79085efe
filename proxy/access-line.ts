/**
 * A settled exchange as a line in the combined format of web servers, with a few words of ours behind it. Like the log as a
 * whole it names no session: of a path that could, it has the route in its place, and of a query nothing.
 */
import { splitKeyPrefix } from './core/affinity-key.ts';
import { isoParts, offsetAt } from '#shared/time-zone.ts';
import type { RequestHead } from './core/request-gate.ts';
import { headerValues } from './core/header-list.ts';
import type { RouteName } from './core/route.ts';

/** What the line tells of the request, kept until its end. */
export interface AccessRequest {
  readonly target: string;
  readonly httpVersion: string;
  readonly agent: string;
}

export interface AccessFacts {
  readonly client: string;
  readonly method: string;
  readonly route: RouteName;
  readonly request: AccessRequest | undefined;
  readonly status: number;
  readonly bytesDown: number;
  readonly ended: string;
  readonly edge: string;
  readonly totalMs: string;
  readonly exchange: string;
}

const textMaxLength = 300;
const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

export function keepRequest({ target, httpVersion, headers }: RequestHead): AccessRequest {
  const agent = headerValues(headers, 'user-agent')[0] ?? '-';
  // Copies: parts of a head would keep all of it for as long as a WebSocket lasts.
  return { target: copy(target.split('?', 1)[0]!), httpVersion, agent: copy(agent) };
}

export function formatAccess(facts: AccessFacts, nowMs: number): string {
  const { client, method, route, request, status, bytesDown } = facts;
  const path = escape(pathOf(route, request?.target ?? '-'));
  const line = method === '' ? '-' : `${method} ${path} HTTP/${request?.httpVersion ?? '1.1'}`;
  const agent = escape(request?.agent ?? '-');
  const ours = `${facts.ended} ${facts.edge} ${facts.totalMs} ${facts.exchange}`;
  return `${client} - - [${formatTime(nowMs)}] "${line}" ${status} ${bytesDown} "-" "${agent}" ${ours}\n`;
}

/** What names no session: all that a static backend is asked for, and files of clients without a prefix of a session. */
function pathOf(route: RouteName, target: string): string {
  if (route === 'static') return target;
  if (route === 'clients') return splitKeyPrefix(target.replace(/^https?:\/\/[^/]*/i, '')).rest;
  return `/${route}`;
}

function copy(text: string): string {
  return Buffer.from(text.slice(0, textMaxLength), 'latin1').toString('latin1');
}

/** As nginx does: nothing that a client wrote may end the word, or the line. */
function escape(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]|["\\]/g, hexOf);
}

function hexOf(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

let second = -1;
let secondText = '';

function formatTime(nowMs: number): string {
  const now = Math.floor(nowMs / 1_000);
  if (now === second) return secondText;
  second = now;
  const [date, time] = isoParts(now * 1_000).seconds.split('T') as [string, string];
  const [year, month, day] = date.split('-') as [string, string, string];
  secondText = `${day}/${months[Number(month) - 1]}/${year}:${time} ${offsetAt(now * 1_000)}`;
  return secondText;
}
