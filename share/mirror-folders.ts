/** The folder of a mirror in its two roles: what comes from the session goes anywhere in it, what is private stays out of the session. */
import { mkdir } from 'node:fs/promises';
import { SharedFolder } from './shared-folder.ts';

export interface MirrorFolders {
  /** Takes everything that the session has. */
  readonly folder: SharedFolder;
  /** Knows what of this machine is nobody else's. */
  readonly outgoing: SharedFolder;
}

/** What editors put beside a file while they write it is nobody else's. */
const editorFiles = ['*.sw?', '*~', '.#*', '#*#', '4913', '___jb_*', '.DS_Store', '*.tmp', '*.mine'];

/** Makes the folder where it is not there; `name` is how members call it. Rejects where it has something in it. */
export async function openMirrorFolders(path: string, name: string): Promise<MirrorFolders> {
  await mkdir(path, { recursive: true });
  const common = { name, isReadOnly: false, keepsRules: false };
  const everything = { include: [], includeSecrets: ['*'], exclude: [] };
  const folder = await SharedFolder.open(path, { ...common, rules: everything, usesIgnoreFiles: false });
  if ((await folder.list(await folder.findNames([]))).size > 0)
    throw new Error(`${path} is not empty: name a folder that is, or a new one`);
  const own = { include: [], includeSecrets: [], exclude: editorFiles };
  return {
    folder,
    outgoing: await SharedFolder.open(path, { ...common, rules: own, usesIgnoreFiles: true }),
  };
}
