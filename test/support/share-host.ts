/** `mooring share` and `mooring join` as real processes with `--json`, and guests of the stock libraries who edit. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { OpenCollaborationYjsProvider } from 'open-collaboration-yjs';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { command, plainEnv } from './front-door.ts';
import { joinSession, logIn } from './oct-client.ts';
import type { OctMember, OctRelease } from './oct-client.ts';
import { eventually } from './oct-inbox.ts';

export interface ShareNews {
  readonly event: string;
  readonly [fact: string]: unknown;
}

const stopMaxMs = 30_000;
/** Each process makes a key pair first, which takes two seconds of a processor that nobody else uses. */
const waitMaxMs = 90_000;

/** A process of the command; ends with the test. */
export class ShareProcess {
  readonly news: ShareNews[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown[]>;
  #errors = '';

  constructor(t: TestContext, args: readonly string[]) {
    this.#child = spawn(process.execPath, [command, ...args, '--json'], {
      env: plainEnv({}),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#exited = once(this.#child, 'exit');
    createInterface({ input: this.#child.stdout! }).on('line', (line) =>
      this.news.push(JSON.parse(line) as ShareNews),
    );
    this.#child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    t.after(() => this.#child.kill('SIGKILL'));
  }

  get errors(): string {
    return this.#errors;
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** The first that matches, of what came or is to come. */
  async next(event: string, facts: Record<string, unknown> = {}): Promise<ShareNews> {
    const find = (): ShareNews | undefined =>
      this.news.find(
        (news) =>
          news.event === event && Object.entries(facts).every(([name, value]) => news[name] === value),
      );
    await eventually(
      () => {
        if (this.#child.exitCode !== null && find() === undefined)
          throw new Error(`it ended: ${this.#errors}`);
        return find() !== undefined;
      },
      `${event} ${JSON.stringify(facts)}`,
      waitMaxMs,
    );
    return find()!;
  }

  answer(id: unknown, allow: boolean): void {
    this.#child.stdin!.write(`${JSON.stringify({ answer: id, allow })}\n`);
  }

  /** As by Ctrl-C; gives the exit code. */
  async stop(signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> {
    this.#child.kill(signal);
    return await this.exited();
  }

  async exited(): Promise<number | null> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), stopMaxMs);
    const [code] = (await this.#exited) as [number | null];
    clearTimeout(timer);
    return code;
  }
}

export interface Shared {
  readonly host: ShareProcess;
  readonly key: string;
  /** The folder on the disk. */
  readonly folder: string;
}

/** A folder with these files; goes with the test. */
export function makeFolder(t: TestContext, files: Readonly<Record<string, string | Uint8Array>>): string {
  const parent = mkdtempSync(join(tmpdir(), 'mooring-share-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  const folder = join(parent, 'project');
  mkdirSync(folder);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}

/** Shares a folder; resolves when people can join. */
export async function shareFolder(
  t: TestContext,
  url: string,
  { folder, flags = ['--yes'] }: { folder: string; flags?: readonly string[] },
): Promise<Shared> {
  const host = new ShareProcess(t, ['share', folder, '--server', url, '--name', 'ann', ...flags]);
  const { key } = await host.next('session.opened');
  return { host, key: String(key), folder };
}

/** Somebody in an editor: the stock client and the stock provider of documents, as editors put them together. */
export interface EditorGuest {
  readonly member: OctMember;
  readonly hostId: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** Asks the host for the document and waits until it is there. */
  open(path: string, text: string): Promise<Y.Text>;
}

export async function enterEditor(
  t: TestContext,
  url: string,
  key: string,
  { name = 'bob', release = '0.3.3' }: { name?: string; release?: OctRelease } = {},
): Promise<EditorGuest> {
  const member = await joinSession({ url, loginToken: await logIn(url, name, release), release }, key);
  t.after(() => member.dispose());
  const init = await member.events.next((event) => event.kind === 'init', 'the host’s greeting');
  if (init.kind !== 'init') throw new Error('no greeting');
  const doc = new Y.Doc();
  const awareness = new Awareness(doc);
  const provider = new OpenCollaborationYjsProvider(member.connection, doc, awareness, {
    resyncTimer: 10_000,
  });
  provider.connect();
  member.connection.onReconnect(() => provider.connect());
  t.after(() => {
    awareness.destroy();
    doc.destroy();
  });
  awareness.setLocalStateField('peer', member.self.id);
  const open = async (path: string, content: string): Promise<Y.Text> => {
    await member.connection.editor.open(init.host.id, path);
    const text = doc.getText(path);
    await eventually(() => text.toJSON() === content, `${path} is open at ${name}`);
    return text;
  };
  return { member, hostId: init.host.id, doc, awareness, open };
}

/** Mirrors a session into a new folder; resolves when everything is fetched. */
export async function joinFolder(
  t: TestContext,
  url: string,
  { key, name = 'cid', flags = [] }: { key: string; name?: string; flags?: readonly string[] },
): Promise<{ guest: ShareProcess; folder: string }> {
  const folder = makeFolder(t, {});
  const guest = new ShareProcess(t, ['join', `${url}/~${key}/`, folder, '--name', name, ...flags]);
  await guest.next('session.joined');
  return { guest, folder };
}

/** Whether all of these files are there with this content. */
export function isIn(content: string, ...paths: string[]): () => boolean {
  return () => paths.every((path) => existsSync(path) && readFileSync(path, 'utf8') === content);
}
