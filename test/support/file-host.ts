/**
 * A host as editors are one: the unmodified client library shares files that this helper holds in memory, puts their texts into the
 * shared document, and lets in whom the test lets in.
 */
import type { TestContext } from 'node:test';
import { OpenCollaborationYjsProvider } from 'open-collaboration-yjs';
import { FileType } from 'open-collaboration-protocol';
import type { User } from 'open-collaboration-protocol';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { hostSession, logIn, testWorkspace } from './oct-client.ts';
import type { OctMember } from './oct-client.ts';
import type { Pool } from './pool.ts';

export interface FileHost {
  readonly key: string;
  readonly member: OctMember;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  text(path: string): Y.Text;
  /** Puts the cursor after so many characters, as an editor says it; what is between it and the other end is chosen. */
  point(path: string, index: number, end?: number): void;
}

interface FileHostOptions {
  readonly files: Readonly<Record<string, string>>;
  readonly approves?: (user: User) => boolean | Promise<boolean>;
  readonly readers?: readonly string[];
  /** Texts are put into the document from then on. */
  readonly mayShare?: Promise<void>;
}

export async function startFileHost(
  t: TestContext,
  pool: Pool,
  { files, mayShare, ...rest }: FileHostOptions,
): Promise<FileHost> {
  const member = await hostSession({ url: pool.url, loginToken: await logIn(pool.url, 'Hilda'), ...rest });
  t.after(() => member.dispose());
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const { connection } = member;
  const provider = new OpenCollaborationYjsProvider(connection, doc, awareness, { resyncTimer: 10_000 });
  t.after(() => {
    awareness.destroy();
    doc.destroy();
  });
  awareness.setLocalState({ peer: member.self.id });
  provider.connect();
  connection.onReconnect(() => provider.connect());
  connection.onDisconnect(() => doc.destroy());
  serveFiles(connection, files);
  connection.editor.onOpen(async (_origin, path) => {
    await mayShare;
    const text = doc.getText(path);
    if (text.length === 0) text.insert(0, files[path] ?? '');
  });
  const point = (path: string, index: number, last = index): void => {
    const [start, end] = [index, last].map((at) =>
      Y.createRelativePositionFromTypeIndex(doc.getText(path), at),
    );
    const textSelections = [{ start, end, direction: 1 }];
    awareness.setLocalStateField('selection', { path, textSelections, visibleRanges: [] });
  };
  return { key: member.key, member, doc, awareness, text: (path) => doc.getText(path), point };
}

function serveFiles({ fs }: OctMember['connection'], files: Readonly<Record<string, string>>): void {
  const bytesOf = (path: string): Uint8Array => {
    if (files[path] === undefined) throw new Error(`ENOENT: ${path}`);
    return new TextEncoder().encode(files[path]);
  };
  fs.onReaddir((_origin, path) => {
    if (!testWorkspace.folders.some((root) => path === root || path.startsWith(`${root}/`)))
      throw new Error(`ENOENT: ${path}`);
    const inside = Object.keys(files)
      .filter((known) => known.startsWith(`${path}/`))
      .map((known) => known.slice(path.length + 1));
    return Object.fromEntries(
      inside.map((rest) => [rest.split('/')[0]!, rest.includes('/') ? FileType.Directory : FileType.File]),
    );
  });
  fs.onStat((_origin, path) => ({ type: FileType.File, mtime: 0, ctime: 0, size: bytesOf(path).length }));
  fs.onReadFile((_origin, path) => ({ content: bytesOf(path) }));
}
