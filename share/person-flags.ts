/** Flags that `share` and `join` have in common: where the front door is, who we are, who reads what we print. */
import { userInfo } from 'node:os';
import type { Desk } from './desk.ts';
import { JsonDesk } from './json-desk.ts';
import { TerminalDesk } from './terminal-desk.ts';
import type { Account } from './wire/session-client.ts';

export interface PersonFlags {
  readonly server: string;
  readonly name?: string;
  readonly email?: string;
  readonly apiKey?: string;
  readonly json?: boolean;
}

export function openDesk(isJson: boolean, showsCode: boolean): Desk & { close?(): void } {
  const { stdin: input, stdout: output } = process;
  return isJson ? new JsonDesk(input, output) : new TerminalDesk({ input, output }, showsCode);
}

export function accountOf({ name, email, apiKey }: PersonFlags): Account {
  return { name: name ?? userInfo().username, email, apiKey };
}

/** Without a slash at its end. Throws for what is no address of a front door. */
export function serverUrl(text: string): string {
  const url = new URL(/^https?:\/\//.test(text) ? text : `http://${text}`);
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** What a host passes on: `URL/~KEY/`, `URL#KEY`, or the key alone, whose front door is `server`. */
export function readLink(link: string, server: string): { url: string; key: string } {
  const key = /^[A-Za-z0-9._~-]{1,128}$/;
  const [, url, found] = /^(https?:\/\/.+?)(?:\/~|\/?#)([A-Za-z0-9._~-]{1,128})\/?$/.exec(link) ?? [];
  if (url !== undefined && found !== undefined) return { url: serverUrl(url), key: found };
  if (key.test(link)) return { url: serverUrl(server), key: link };
  throw new Error(`${link} is no link to a session, and no session key`);
}
