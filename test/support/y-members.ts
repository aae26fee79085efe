/**
 * Members of documents on one edge: the providers that editors use, in both of their majors, and a bare
 * WebSocket for what no provider would send. Each ends with its test.
 */
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2';
import { Doc } from 'yjs';
import type { Text } from 'yjs';
import { Inbox, eventually } from './oct-inbox.ts';
import type { YEdge } from './y-edge.ts';

export const releases = ['3.1', '2.1'] as const;

export interface Member {
  readonly doc: Doc;
  readonly text: Text;
  readonly provider: WebsocketProvider;
}

export interface MemberOptions {
  readonly key?: string;
  readonly document?: string;
  readonly release?: (typeof releases)[number];
  /** What the member has already. */
  readonly doc?: Doc;
}

const backoffMaxMs = 200;

/** Opens a document, and waits until the member has what the edge has. */
export async function enterDocument(
  t: TestContext,
  edge: YEdge,
  options: MemberOptions = {},
): Promise<Member> {
  const { key = 'our-key', document = 'a.txt', release = '3.1', doc = new Doc() } = options;
  const Provider =
    release === '3.1' ? WebsocketProvider : (WebsocketProvider2 as unknown as typeof WebsocketProvider);
  const provider = new Provider(`${edge.url}/y/${key}`, document, doc, {
    // Between providers of one process it would be a way around the edge.
    disableBc: true,
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    params: { ctstickiness: key },
    maxBackoffTime: backoffMaxMs,
  });
  t.after(() => {
    provider.destroy();
    doc.destroy();
  });
  await eventually(() => provider.synced, `${document} is there`);
  return { doc, text: doc.getText('text'), provider };
}

export type BareEvent =
  | { readonly kind: 'open' }
  | { readonly kind: 'message'; readonly bytes: Buffer }
  | { readonly kind: 'refused'; readonly status: number; readonly body: string }
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string };

export interface BareClient {
  readonly ws: WebSocket;
  readonly events: Inbox<BareEvent>;
  opened(): Promise<void>;
  closed(): Promise<{ code: number; reason: string }>;
  /** Status and error code of an answer that is no upgrade. */
  refused(): Promise<{ status: number; code: string }>;
}

/** Connects without any protocol. */
export function connectBare(t: TestContext, edge: YEdge, target: string, autoPong = true): BareClient {
  const ws = new WebSocket(edge.url + target, { autoPong, perMessageDeflate: false });
  const events = new Inbox<BareEvent>();
  ws.on('open', () => events.add({ kind: 'open' }));
  ws.on('message', (data) => events.add({ kind: 'message', bytes: data as Buffer }));
  ws.on('close', (code, reason) => events.add({ kind: 'closed', code, reason: reason.toString() }));
  ws.on('error', () => undefined);
  ws.on('unexpected-response', (_request, response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      events.add({ kind: 'refused', status: response.statusCode ?? 0, body });
    });
  });
  t.after(() => ws.terminate());
  return {
    ws,
    events,
    opened: async () => void (await events.next((event) => event.kind === 'open', 'the connection')),
    closed: async () => {
      const { code, reason } = await events.next((event) => event.kind === 'closed', 'the close');
      return { code, reason };
    },
    refused: async () => {
      const { status, body } = await events.next((event) => event.kind === 'refused', 'the refusal');
      return { status, code: (JSON.parse(body) as { code: string }).code };
    },
  };
}
