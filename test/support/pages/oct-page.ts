/**
 * Runs in a browser's page: a guest by the unmodified Open Collaboration library, with its own transport and its
 * own way back. Tests find it as `globalThis.guests`.
 */
import * as oct from 'open-collaboration-protocol';
import type { ProtocolBroadcastConnection } from 'open-collaboration-protocol';
import type { Socket } from 'socket.io-client';
import { PageSpeaker } from './page-speaker.ts';

oct.initializeProtocol({ cryptoModule: globalThis.crypto });

/** Asks to be let in, and resolves when the host has greeted. */
async function join(url: string, key: string, loginToken: string): Promise<void> {
  const provider = new oct.ConnectionProvider({
    url,
    userToken: loginToken,
    fetch: globalThis.fetch.bind(globalThis),
    transports: [{ id: 'socket.io', createTransport }],
    authenticationHandler: async () => false,
  });
  const { roomToken, host } = await provider.joinRoom({ roomId: key });
  connection = await provider.connect(roomToken, host);
  connection.sync.onDataUpdate(() => undefined);
  const greeted = Promise.withResolvers<void>();
  connection.peer.onInit(() => greeted.resolve());
  await greeted.promise;
}

let connection: ProtocolBroadcastConnection | undefined;
const speakers: PageSpeaker[] = [];

function createTransport(url: string, headers: Record<string, string>): oct.MessageTransport {
  const transport = oct.SocketIoTransportProvider.createTransport(url, headers);
  const { socket } = transport as unknown as { readonly socket: Socket };
  speakers.push(
    new PageSpeaker(socket, (n) => void connection!.sync.dataUpdate(new TextEncoder().encode(`${n}`))),
  );
  return transport;
}

Object.assign(globalThis, { guests: { join, speakers } });
