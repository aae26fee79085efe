/**
 * Paths as members of a session write them, `folder/sub/file`, taken apart before anything touches the disk: whatever
 * could mean another place than it says, on any platform that a host runs on, is refused.
 */

export type MemberPath =
  /** The empty path: what is listed there is the shared folder itself. */
  | { readonly kind: 'roots' }
  /** Names below the shared folder; none for the folder itself. */
  | { readonly kind: 'inside'; readonly names: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

const pathMaxLength = 4_096;
/** Longer names exist on no file system that a host shares from. */
const nameMaxLength = 255;

export function readMemberPath(path: unknown, folderName: string, platform: string): MemberPath {
  if (typeof path !== 'string') return refuse('not a path');
  if (path.length > pathMaxLength) return refuse('too long');
  if (path === '') return { kind: 'roots' };
  const [first, ...names] = (path.endsWith('/') ? path.slice(0, -1) : path).split('/');
  if (first !== folderName) return refuse('not below the shared folder');
  for (const name of names) {
    const reason = faultOf(name, platform);
    if (reason !== undefined) return refuse(reason);
  }
  return { kind: 'inside', names };
}

export function writeMemberPath(names: readonly string[], folderName: string): string {
  return [folderName, ...names].join('/');
}

function refuse(reason: string): MemberPath {
  return { kind: 'refused', reason };
}

/** Undefined for a name that is one everywhere on the platform. */
export function faultOf(name: string, platform: string): string | undefined {
  if (name === '') return 'an empty name';
  if (name === '.' || name === '..') return 'a way up';
  if (name.includes('/')) return 'several names';
  if (name.length > nameMaxLength) return 'a name that is too long';
  // A terminal that prints such a name would obey it.
  if (hasControlCharacters(name)) return 'control characters';
  if (!name.isWellFormed()) return 'half a character';
  if (platform === 'win32') return windowsFaultOf(name);
  return undefined;
}

/** Streams, devices, short names and what Windows cuts off at the end all reach another file than is named. */
function windowsFaultOf(name: string): string | undefined {
  if (/[\\:*?"<>|]/.test(name)) return 'characters that Windows reads in its own way';
  if (/[. ]$/.test(name)) return 'an end that Windows cuts off';
  if (/^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(\.|$)/i.test(name)) return 'a device';
  if (/~\d/.test(name)) return 'a short name';
  return undefined;
}

function hasControlCharacters(name: string): boolean {
  for (const point of name) {
    const code = point.codePointAt(0)!;
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return true;
  }
  return false;
}
