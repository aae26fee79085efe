/** Files that others may be reading, or writing, at the same moment. */
import { renameSync, writeFileSync } from 'node:fs';

/** Whoever reads the file finds the old content or the new one, and nothing between; drafts of two writers are two files. */
export function writeWhole(path: string, content: string | Uint8Array, mode = 0o666): void {
  const draft = `${path}.${process.pid}.draft`;
  writeFileSync(draft, content, { mode });
  renameSync(draft, path);
}
