/**
 * Is a file still what it was when we read or wrote it? Watchers tell of our own writes, late, twice or not at all;
 * what the file system says of a file tells an echo from somebody else's change.
 */

export interface FileSignature {
  /** A rename puts another one in the place. */
  readonly inode: bigint;
  readonly size: bigint;
  readonly changedNs: bigint;
}

export interface SignedStat {
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

export function signatureOf({ ino, size, mtimeNs }: SignedStat): FileSignature {
  return { inode: ino, size, changedNs: mtimeNs };
}

/** Undefined stands for a file that is not there. */
export function isSameFile(known: FileSignature | undefined, seen: FileSignature | undefined): boolean {
  if (known === undefined || seen === undefined) return known === seen;
  return known.inode === seen.inode && known.size === seen.size && known.changedNs === seen.changedNs;
}
