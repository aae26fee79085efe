/**
 * Members who talk in numbered broadcasts: Socket.IO clients that speak in envelopes, and the libraries that
 * editors embed. One of them, the witness, keeps its connection; the others' paths can be cut.
 */
import type { TestContext } from 'node:test';
import type { SessionTokens } from '#shared/session-token.ts';
import { startByteProxy } from './byte-proxy.ts';
import type { ByteProxy } from './byte-proxy.ts';
import type { OctMember } from './oct-client.ts';
import { WireLog, sealedFor } from './oct-envelopes.ts';
import { connectRaw, idOf, signMember } from './oct-raw.ts';
import type { Speaker } from './oct-speech.ts';
import type { SocketIoRelease, Transports } from './socket-io-releases.ts';

interface Gathering {
  readonly transports: Transports;
  readonly release?: SocketIoRelease;
  readonly key?: string;
}

/** Clients of one session that speak in envelopes; the first one, its host, is the witness. */
export async function gatherRaw(
  t: TestContext,
  place: { readonly url: string; readonly tokens: SessionTokens },
  { transports, release = '4.8', key = 'key' }: Gathering,
): Promise<Speaker[]> {
  const names = ['ann', 'bob', 'cid'];
  const ids: string[] = [];
  return await Promise.all(
    names.map(async (name) => {
      const path = name === 'ann' ? undefined : await startByteProxy(t, place);
      const token = await signMember(place, name, { host: name === 'ann', key });
      const client = connectRaw(t, path ?? place, { token, transports, release, reconnects: true });
      const log = new WireLog(client.socket);
      const id = await idOf(client);
      ids.push(id);
      const say = (n: number): void => {
        const content = Buffer.from(`${name} ${n} `.padEnd(40 + ((n * 97) % 900), 'x'));
        client.send(sealedFor(ids, { kind: 'broadcast', content }));
      };
      return { name, id, socket: client.socket, log, path, say };
    }),
  );
}

/** A member of an editor's library as a speaker. */
export function speakAs(name: string, member: OctMember, path: ByteProxy | undefined): Speaker {
  const socket = member.socket!;
  member.connection.sync.onDataUpdate(() => undefined);
  const say = async (n: number): Promise<void> =>
    await member.connection.sync.dataUpdate(new TextEncoder().encode(`${name} ${n}`));
  return { name, id: member.self.id, socket, log: new WireLog(socket), path, say };
}

export function usesWebSocket({ socket }: Speaker): boolean {
  return socket.connected && socket.io.engine?.transport.name === 'websocket';
}
