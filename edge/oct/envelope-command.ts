/** What an envelope of a member asks of its session. */
import type { Command } from '../core/session-command.ts';
import type { ConnectionId, RelayId } from '../core/session-state.ts';
import type { Envelope } from './envelope.ts';
import { readJoinResponse } from './join-response.ts';

/** `newRelayId` names a request on its way; gives undefined for what is no message of the protocol. */
export function commandOf(
  envelope: Envelope,
  connection: ConnectionId,
  newRelayId: () => RelayId,
): Command | undefined {
  switch (envelope.kind) {
    case 'request':
      return { ...envelope, connection, relayId: newRelayId() };
    case 'answer':
    case 'notification':
    case 'broadcast':
      return { ...envelope, connection };
    case 'plain-answer': {
      const workspace = readJoinResponse(envelope.response);
      return { kind: 'answer-join', connection, id: envelope.id, workspace };
    }
    case 'leave':
      return { kind: 'leave', connection };
    case 'refused':
      return undefined;
  }
}
