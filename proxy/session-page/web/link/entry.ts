/**
 * How one gets in: log in by the first way that the server offers, then create a session, or ask its host and wait. What breaks on
 * the way because an edge goes is tried again; what somebody has decided is told.
 */
import { ConnectionProvider, Encryption, createConnection } from 'open-collaboration-protocol';
import type {
  AuthMetadata,
  Fetch,
  FormAuthProvider,
  MessageTransportProvider,
  ProtocolBroadcastConnection,
} from 'open-collaboration-protocol';
import { baseOf, keepLogin, readLogin } from '../place.ts';
import type { Ticket } from '../place.ts';

export type EntryStep =
  | { readonly kind: 'logging-in' }
  /** Somebody has to log in there. */
  | { readonly kind: 'login-page'; readonly url: string }
  | { readonly kind: 'asking' };

export interface Entry {
  readonly key: string | undefined;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly onStep: (step: EntryStep) => void;
}

const clientName = 'Mooring session page';
const triesMax = 30;
const retryAfterMs = 1_000;

/** Over the transport of the page, as the member whom the ticket names. */
export function connectMember(
  { key, roomToken, host, keys }: Ticket,
  transport: MessageTransportProvider,
): ProtocolBroadcastConnection {
  const headers = {
    'x-oct-jwt': roomToken,
    'x-oct-public-key': keys.publicKey,
    'x-oct-client': clientName,
    'x-oct-compression': 'gzip',
  };
  const { privateKey } = keys;
  const options = { privateKey, transport: transport.createTransport(baseOf(key), headers) };
  return createConnection(host === undefined ? options : { ...options, host });
}

function openProvider(
  key: string | undefined,
  name: string,
  authenticate: (token: string, metadata: AuthMetadata) => Promise<boolean>,
): ConnectionProvider {
  const userToken = readLogin(name);
  return new ConnectionProvider({
    url: baseOf(key),
    client: clientName,
    fetch: patientFetch,
    transports: [],
    authenticationHandler: authenticate,
    ...(userToken === undefined ? {} : { userToken }),
  });
}

/** Throws what the protocol's library throws; with `signal` aborted that means nothing. */
export async function enterSession({ key, name, signal, onStep }: Entry): Promise<Ticket> {
  onStep({ kind: 'logging-in' });
  // It takes seconds on a slow machine, which mostly pass while the host is asked.
  const making = Encryption.generateKeyPair();
  const provider = openProvider(
    key,
    name,
    async (token, metadata) => await logIn(token, metadata, name, onStep),
  );
  if (!(await provider.validate())) keepLogin(name, await provider.login({ abortSignal: signal }));
  if (key === undefined) {
    const { roomId, roomToken } = await provider.createRoom({ abortSignal: signal });
    const workspace = { name: '', folders: [] };
    return { key: roomId, roomToken, host: undefined, workspace, keys: await making };
  }
  onStep({ kind: 'asking' });
  const { roomToken, host, workspace } = await provider.joinRoom({ roomId: key, abortSignal: signal });
  return { key, roomToken, host, workspace, keys: await making };
}

/** With a name alone where the server takes names; else on the server's login page. */
async function logIn(
  token: string,
  { providers, loginPageUrl }: AuthMetadata,
  name: string,
  onStep: (step: EntryStep) => void,
): Promise<boolean> {
  const byName = providers.find(
    (provider): provider is FormAuthProvider =>
      provider.type === 'form' && provider.endpoint === '/api/login/simple',
  );
  if (byName !== undefined) {
    const body = JSON.stringify({ token, user: name });
    const headers = { 'content-type': 'application/json' };
    return (await fetch(byName.endpoint, { method: 'POST', headers, body })).ok;
  }
  if (loginPageUrl === undefined) return false;
  onStep({ kind: 'login-page', url: loginPageUrl });
  return true;
}

/** A guest may wait for minutes, in which edges are replaced: what failed for that is asked again. */
const patientFetch: Fetch = async (url, options = {}) => {
  const isPoll = /\/api\/(session|login)\/poll\//.test(url);
  for (let tries = 1; ; tries++) {
    try {
      const response = await fetch(url, options);
      if (!isPoll || response.status < 502 || tries === triesMax) return response;
    } catch (error) {
      if (!isPoll || options.signal?.aborted === true || tries === triesMax) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, retryAfterMs));
  }
};
