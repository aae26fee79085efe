/** Makes WebSockets of upgrades. */
import { WebSocketServer } from 'ws';
import type { Settings } from '#shared/settings/schema.ts';
import { addAnswerFields } from '../upgrade-offer.ts';

export function createWebSockets(settings: Settings): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: settings.CT_MESSAGE_MAX_BYTES,
    // Updates are small, and one frame for all members needs the same bytes for all.
    perMessageDeflate: false,
  });
  return server.on('headers', addAnswerFields);
}
