/** What goes wrong in a shared folder, in the words that file systems have for it, which clients look for. */

const meanings = {
  ENOENT: 'no such file or folder',
  EACCES: 'not allowed',
  EEXIST: 'is there already',
  EISDIR: 'is a folder',
  ENOTDIR: 'is no folder',
  EINVAL: 'not a path of this session',
  EFBIG: 'too large',
  ENOSPC: 'the disk is full',
  EIO: 'the host cannot do that',
} as const;

export type FaultCode = keyof typeof meanings;

export class FolderFault extends Error {
  readonly code: FaultCode;

  constructor(code: FaultCode, detail?: string, cause?: unknown) {
    super(`${code}: ${meanings[code]}${detail === undefined ? '' : ` (${detail})`}`, { cause });
    this.code = code;
  }
}

/** What a member is told: nothing of the host's own paths. */
export function faultFor(error: unknown): FolderFault {
  if (error instanceof FolderFault) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EPERM' || code === 'EROFS') return new FolderFault('EACCES', undefined, error);
  if (code === 'ENOTEMPTY') return new FolderFault('EEXIST', undefined, error);
  if (code === 'EDQUOT') return new FolderFault('ENOSPC', undefined, error);
  const isKnown = code !== undefined && Object.hasOwn(meanings, code);
  return new FolderFault(isKnown ? (code as FaultCode) : 'EIO', isKnown ? undefined : code, error);
}

/** A fault as it came over the wire, from whatever host; undefined for what is none, such as an answer that never came. */
export function readFault(error: unknown): FolderFault | undefined {
  const { message } = error as Error;
  const [, code = ''] = /\b(E[A-Z]{2,})\b/.exec(message) ?? [];
  if (Object.hasOwn(meanings, code)) return new FolderFault(code as FaultCode, undefined, error);
  if (/FileNotFound|not found|Could not (read|stat)/i.test(message))
    return new FolderFault('ENOENT', undefined, error);
  if (/NoPermissions/i.test(message)) return new FolderFault('EACCES', undefined, error);
  return undefined;
}
