/**
 * What members ask of the host's files, as the protocol's own editors ask and are answered: `fs/*`, `editor/open`. Every
 * fault goes back as its code and a meaning, with nothing of the host's own paths.
 */
import { FilePermission, FileType } from 'open-collaboration-protocol';
import type {
  FileSystemDirectory,
  FileSystemStat,
  ProtocolBroadcastConnection,
} from 'open-collaboration-protocol';
import { FolderFault, faultFor } from '../folder-fault.ts';
import type { FolderWatch } from '../folder-watch.ts';
import { writeMemberPath } from '../core/member-path.ts';
import type { SharedFiles } from '../shared-files.ts';
import type { Place, SharedFolder } from '../shared-folder.ts';
import { Turns } from '../turns.ts';

export interface RequestsOptions {
  readonly connection: ProtocolBroadcastConnection;
  readonly folder: SharedFolder;
  readonly files: SharedFiles;
  readonly watch: FolderWatch;
  readonly roomToSend: () => Promise<void>;
  readonly tell: (news: RequestNews) => void;
  /** A file that gets no document. */
  readonly onRefused: (path: string, reason: string) => void;
}

export type RequestNews =
  | {
      readonly event: 'change.made';
      readonly what: 'written' | 'folder' | 'deleted';
      readonly by: string;
      readonly path: string;
    }
  | {
      readonly event: 'change.made';
      readonly what: 'renamed';
      readonly by: string;
      readonly path: string;
      readonly to: string;
    };

export function answerRequests(options: RequestsOptions): void {
  const { connection, folder } = options;
  const answer =
    <P extends unknown[], R>(work: (origin: string, ...parameters: P) => Promise<R>) =>
    async (origin: string, ...parameters: P): Promise<R> => {
      try {
        return await work(origin, ...parameters);
      } catch (error) {
        throw faultFor(error);
      }
    };
  const { fs, editor } = connection;
  fs.onStat(answer(async (_, path) => statAs(await folder.find(path), options)));
  fs.onReaddir(answer(async (_, path) => await listFolder(path, options)));
  const reads = new Turns();
  fs.onReadFile(
    answer(
      async (by, path) => await reads.take(by, async () => ({ content: await readFile(path, options) })),
    ),
  );
  fs.onWriteFile(answer(async (by, path, data) => await writeFile(by, path, data?.content, options)));
  fs.onMkdir(
    answer(async (by, path) => {
      await folder.makeFolder(await folder.find(path));
      options.tell({ event: 'change.made', what: 'folder', by, path });
    }),
  );
  fs.onDelete(answer(async (by, path) => await deletePath(by, path, options)));
  fs.onRename(answer(async (by, from, to) => await renamePath(by, { from, to }, options)));
  editor.onOpen((by, path) => void openFile(by, path, options).catch(() => undefined));
  editor.onClose((by, path) => options.files.leave(by, path));
}

function statAs({ stat, names, path }: Place, { folder }: RequestsOptions): FileSystemStat {
  if (stat === undefined) throw new FolderFault('ENOENT');
  let isFixed = folder.isReadOnly;
  try {
    if (names.length > 0) folder.mayWrite({ names, path });
  } catch {
    isFixed = true;
  }
  return {
    type: stat.isDirectory() ? FileType.Directory : FileType.File,
    mtime: Number(stat.mtimeMs),
    ctime: Number(stat.ctimeMs),
    size: Number(stat.size),
    ...(isFixed && { permissions: FilePermission.Readonly }),
  };
}

async function listFolder(path: string, { folder, watch }: RequestsOptions): Promise<FileSystemDirectory> {
  if (path === '') return { [folder.name]: FileType.Directory };
  const place = await folder.find(path);
  // First watched, then read: what comes in between is told rather than missed.
  watch.watch(place.names, place.path, []);
  const entries = await folder.list(place);
  watch.watch(place.names, place.path, entries.keys());
  const listing: FileSystemDirectory = Object.create(null) as FileSystemDirectory;
  for (const [name, kind] of entries) listing[name] = kind === 'folder' ? FileType.Directory : FileType.File;
  return listing;
}

/** One after the other for each member, and when there is room: a few small questions have answers of gigabytes. */
async function readFile(path: string, { folder, files, roomToSend }: RequestsOptions): Promise<Uint8Array> {
  await roomToSend();
  const place = await folder.find(path);
  return files.bytesOf(path) ?? (await folder.read(place));
}

/** Who edits by the document means “save now”: what they send may lack what others have typed meanwhile. */
async function writeFile(
  by: string,
  path: string,
  content: unknown,
  { folder, files, tell }: RequestsOptions,
): Promise<void> {
  if (!(content instanceof Uint8Array)) throw new FolderFault('EINVAL', 'no content');
  const place = await folder.find(path);
  folder.mayWrite(place);
  if (files.isOpenFor(path, by)) return await files.save(path);
  if (files.has(path)) return await files.replace(path, content);
  await folder.write(place, content);
  tell({ event: 'change.made', what: 'written', by, path });
}

async function deletePath(by: string, path: string, { folder, files, tell }: RequestsOptions): Promise<void> {
  const place = await folder.find(path);
  folder.mayWrite(place);
  files.forget(path);
  await folder.remove(place);
  tell({ event: 'change.made', what: 'deleted', by, path });
}

async function renamePath(
  by: string,
  { from, to }: { from: string; to: string },
  { folder, files, tell }: RequestsOptions,
): Promise<void> {
  const [source, target] = [await folder.find(from), await folder.find(to)];
  folder.mayWrite(source);
  folder.mayWrite(target);
  for (const path of files.paths) if (path === from || path.startsWith(`${from}/`)) await files.save(path);
  await folder.rename(source, target);
  files.forget(from);
  files.forget(to);
  tell({ event: 'change.made', what: 'renamed', by, path: from, to });
}

async function openFile(
  by: string,
  path: string,
  { connection, folder, files, watch, onRefused }: RequestsOptions,
): Promise<void> {
  const refuse = async (reason: string): Promise<void> => {
    onRefused(path, reason);
    await connection.editor.close(path);
  };
  try {
    const { names, path: real } = await folder.find(path);
    const refusal = await files.open(path, by);
    if (refusal !== undefined) return await refuse(refusal);
    const above = names.slice(0, -1);
    const parent = await folder.find(writeMemberPath(above, folder.name));
    if (real.startsWith(parent.path)) watch.watch(above, parent.path, [names.at(-1)!]);
  } catch (error) {
    const fault = faultFor(error);
    // What is no path concerns nobody else.
    if (fault.code !== 'EINVAL') await refuse(fault.message);
  }
}
