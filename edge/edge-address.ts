/** What an edge is called, and where others reach it. */
import { hostname } from 'node:os';
import { parseEdgeId } from '#shared/ids.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { Settings } from '#shared/settings/schema.ts';

/** Throws where the name is none that an edge may have. */
export function edgeIdOf(settings: Settings): EdgeId {
  const text = settings.CT_EDGE_ID || hostname();
  const id = parseEdgeId(text);
  if (id === undefined) {
    throw new Error(`CT_EDGE_ID: "${text}" must be 1 to 64 characters of A-Z a-z 0-9 . _ and -`);
  }
  return id;
}

/** A name that others can reach, for an address that was given to listen on. */
export function reachableHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}

/** By which front doors reach the edge; the port is undefined where it listens on a Unix-domain socket. */
export function addressOf(settings: Settings, port: number | undefined): string {
  if (settings.CT_EDGE_ADDRESS !== '') return settings.CT_EDGE_ADDRESS;
  if (port === undefined) return `unix:${settings.CT_EDGE_SOCKET}`;
  return `http://${reachableHost(settings.CT_EDGE_HOST)}:${port}`;
}
