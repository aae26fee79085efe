/** The word of a member that goes for good: without it the session waits for them, as for somebody whose network has failed. */
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';

/** A message goes out in this time, or the session is not there to hear it. */
const sendMaxMs = 2_000;
/** The library says “sent” when it has begun to. */
const lingerMs = 200;

export async function sayGoodbye(
  connection: ProtocolBroadcastConnection,
  isConnected: () => boolean,
): Promise<void> {
  const deadline = new Promise<void>((resolve) => setTimeout(resolve, sendMaxMs));
  await Promise.race([connection.room.leave().catch(() => undefined), deadline]);
  if (isConnected()) await new Promise<void>((resolve) => setTimeout(resolve, lingerMs));
}
