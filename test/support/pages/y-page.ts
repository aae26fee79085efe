/** Runs in a browser's page: documents by y-websocket clients of both majors. Tests find it as `globalThis.documents`. */
import { WebsocketProvider } from 'y-websocket';
import { WebsocketProvider as WebsocketProvider2 } from 'y-websocket-2';
import { Doc } from 'yjs';

const opened: { readonly provider: WebsocketProvider; readonly doc: Doc }[] = [];

function open(url: string, name: string, release: '2' | '3'): void {
  const doc = new Doc();
  const Provider =
    release === '3' ? WebsocketProvider : (WebsocketProvider2 as unknown as typeof WebsocketProvider);
  // Between providers of one page it would be a way around the edge.
  opened.push({ provider: new Provider(url, name, doc, { disableBc: true }), doc });
}

function write(line: string): void {
  for (const { doc } of opened) doc.getText('text').insert(0, line);
}

function texts(): string[] {
  return opened.map(({ doc }) => doc.getText('text').toJSON());
}

Object.assign(globalThis, { documents: { open, write, texts } });
