/**
 * Runs in a page of another origin than the front door's, as an editor in a browser does: logs in by the form that the
 * server describes, makes a session, joins one. By the unmodified library of release 0.3.0, with its own transport.
 */
import * as oct from 'open-collaboration-protocol-030';

oct.initializeProtocol({ cryptoModule: globalThis.crypto });

function openProvider(url: string, name: string): oct.ConnectionProvider {
  return new oct.ConnectionProvider({
    url,
    client: 'Editor in a browser',
    fetch: globalThis.fetch.bind(globalThis),
    transports: [oct.SocketIoTransportProvider],
    authenticationHandler: async (token, { providers }) => {
      const form = providers.find(({ type }) => type === 'form')!;
      const body = JSON.stringify({ token, user: name });
      const headers = { 'content-type': 'application/json' };
      return (await fetch(new URL(form.endpoint, url), { method: 'POST', headers, body })).ok;
    },
  });
}

/** Makes a session and connects to it; its key. */
async function host(url: string): Promise<string> {
  const provider = openProvider(url, 'ann');
  const { roomId, roomToken } = await provider.createRoom({});
  const connection = await provider.connect(roomToken);
  const known = Promise.withResolvers<void>();
  connection.peer.onInfo(() => known.resolve());
  await known.promise;
  return roomId;
}

/** Joins a session; the name of the host that greets. */
async function join(url: string, key: string): Promise<string> {
  const provider = openProvider(url, 'bob');
  const { roomToken, host } = await provider.joinRoom({ roomId: key });
  const connection = await provider.connect(roomToken, host);
  const greeted = Promise.withResolvers<string>();
  connection.peer.onInit((_, { host }) => greeted.resolve(host.name));
  return await greeted.promise;
}

Object.assign(globalThis, { editor: { host, join } });
