/** How an edge opens a WebSocket to the control port of a front door, by an address that is known or by a name. */
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import { WebSocket } from 'ws';
import { controlMessageMaxBytes, controlPath } from '#shared/control-protocol.ts';
import type { ControlTarget } from './locator-names.ts';

const handshakeTimeoutMs = 2_000;

/** A WebSocket to the control port of a front door, about to be open. */
export type OpenControlSocket = (target: ControlTarget) => WebSocket;

/** Connects with the token that lets edges join. */
export function controlSocketOpener(joinToken: string): OpenControlSocket {
  return ({ locator, address }) =>
    new WebSocket(`${locator.replace(/\/$/, '')}${controlPath}`, {
      // The name stays what a certificate is checked for.
      ...(address === undefined ? {} : { lookup: lookupOf(address) }),
      headers: { authorization: `Bearer ${joinToken}` },
      handshakeTimeout: handshakeTimeoutMs,
      maxPayload: controlMessageMaxBytes,
      perMessageDeflate: false,
    });
}

/** As `dns.lookup`, of a name whose address is known. */
function lookupOf(address: string): LookupFunction {
  const family = isIP(address);
  return (_host, options, tell) => {
    if (options.all === true) tell(null, [{ address, family }]);
    else tell(null, address, family);
  };
}
