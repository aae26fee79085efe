/** y-websocket clients of both majors, unmodified, as a web application would use them. */
import type { TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2';
import * as Y from 'yjs';
import { eventually } from './oct-inbox.ts';

export type YRelease = '2' | '3';

export interface YClient {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
  /** Connections that were lost so far. */
  readonly losses: () => number;
  readonly close: () => void;
}

/** Connects to a document of a session and waits until the first synchronisation is over. */
export async function openDocument(
  t: TestContext,
  url: string,
  options: { key: string; name: string; release?: YRelease; params?: Record<string, string> },
): Promise<YClient> {
  const { key, name, release = '3', params = {} } = options;
  const doc = new Y.Doc();
  const Provider =
    release === '3' ? WebsocketProvider : (WebsocketProvider2 as unknown as typeof WebsocketProvider);
  const provider = new Provider(`${url.replace('http', 'ws')}/y/${key}`, name, doc, {
    WebSocketPolyfill: WebSocket as never,
    disableBc: true,
    params,
  });
  let losses = 0;
  provider.on('status', ({ status }: { status: string }) => {
    if (status === 'disconnected') losses++;
  });
  const close = (): void => {
    provider.destroy();
    doc.destroy();
  };
  t.after(close);
  await eventually(() => provider.synced, `${key}/${name} is synchronised`);
  return { doc, text: doc.getText('text'), provider, losses: () => losses, close };
}
