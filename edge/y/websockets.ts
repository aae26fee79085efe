/** Makes WebSockets of upgrades. */
import type { Settings } from '#shared/settings/schema.ts';
import { OutletServer } from '../outlet-server.ts';

export function createWebSockets(settings: Settings): OutletServer {
  return new OutletServer({
    noServer: true,
    clientTracking: false,
    maxPayload: settings.CT_MESSAGE_MAX_BYTES,
    // Updates are small, and one frame for all members needs the same bytes for all.
    perMessageDeflate: false,
  });
}
