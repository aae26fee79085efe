/** Where the page is, and what it remembers: the profile for this browser, the ticket of a session for this tab alone. */
import type { KeyPair, Peer, Workspace } from 'open-collaboration-protocol';

export interface Profile {
  readonly name: string;
  /** Of the set of colours. */
  readonly colour: string;
}

/** What lets its bearer in again, as the same member. */
export interface Ticket {
  readonly key: string;
  readonly roomToken: string;
  /** Undefined for the host. */
  readonly host: Peer | undefined;
  readonly workspace: Workspace;
  /** The same for as long as one is a member: others keep what they sealed for it. */
  readonly keys: KeyPair;
}

const profileName = 'mooring-profile';
const loginName = 'mooring-login';
const ticketName = 'mooring-ticket';

/** The key of the page's session; undefined where one is to begin. */
export function keyOfPage(): string | undefined {
  return /^\/~([^/]+)\//.exec(location.pathname)?.[1];
}

/** The address that clients take for a session's server; it bears the key, so that every request does. */
export function baseOf(key: string | undefined): string {
  return key === undefined ? `${location.origin}/` : `${location.origin}/~${key}/`;
}

export function readProfile(): Profile | undefined {
  return read(localStorage, profileName) as Profile | undefined;
}

export function keepProfile(profile: Profile): void {
  keep(localStorage, profileName, profile);
}

/** Of somebody else, under another name, it is none. */
export function readLogin(name: string): string | undefined {
  const login = read(sessionStorage, loginName) as { token: string; name: string } | undefined;
  return login?.name === name ? login.token : undefined;
}

export function keepLogin(name: string, token: string): void {
  keep(sessionStorage, loginName, { token, name });
}

export function readTicket(key: string): Ticket | undefined {
  const ticket = read(sessionStorage, ticketName) as Ticket | undefined;
  return ticket?.key === key ? ticket : undefined;
}

/** One for each tab, as it has a private key in it: another session in the same tab takes its place. */
export function keepTicket(ticket: Ticket): void {
  keep(sessionStorage, ticketName, ticket);
}

export function dropTicket(key: string): void {
  if (readTicket(key) !== undefined) keep(sessionStorage, ticketName, undefined);
}

function read(storage: Storage, name: string): unknown {
  try {
    const text = storage.getItem(name);
    return text === null ? undefined : (JSON.parse(text) as unknown);
  } catch {
    // Storage may be switched off: nothing is remembered.
    return undefined;
  }
}

function keep(storage: Storage, name: string, value: unknown): void {
  try {
    if (value === undefined) storage.removeItem(name);
    else storage.setItem(name, JSON.stringify(value));
  } catch {
    // As above.
  }
}
