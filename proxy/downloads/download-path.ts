/**
 * What a path below `/clients` names in the folder of files. Pure: whatever could lead out of the folder, or to what an
 * administrator keeps to himself there, names nothing.
 */

const clientsPath = '/clients';

export interface DownloadPath {
  /** Decoded; none of them is empty, hidden, or more than one name. */
  readonly names: readonly string[];
  /** It ends with a slash, as the address of a folder does. */
  readonly isFolder: boolean;
}

const namesMax = 32;
const nameMaxLength = 255;
/** What separates names on any system, what ends strings, and what no one can see. */
const forbidden = /[/\\]|\p{Cc}/u;

/** Undefined for what names nothing. */
export function parseDownloadPath(path: string): DownloadPath | undefined {
  const rest = path.slice(clientsPath.length);
  if (!path.startsWith(clientsPath) || (rest !== '' && !rest.startsWith('/'))) return undefined;
  if (rest === '' || rest === '/') return { names: [], isFolder: true };
  const isFolder = rest.endsWith('/');
  const parts = rest.slice(1, isFolder ? -1 : undefined).split('/');
  if (parts.length > namesMax) return undefined;
  const names: string[] = [];
  for (const part of parts) {
    const name = decode(part);
    if (name === undefined || !isName(name)) return undefined;
    names.push(name);
  }
  return { names, isFolder };
}

/** Whether something of this name in the folder is for everybody. */
export function isName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && name.length <= nameMaxLength && !forbidden.test(name);
}

/** Once: what is encoded twice is a name with a percent sign in it. */
function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
