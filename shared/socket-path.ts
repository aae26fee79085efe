/** How the address of a Unix-domain socket is written, `unix:/path`, and how long its path may be. */

const scheme = 'unix:';
/** `sun_path` of Linux less the zero byte at its end; a longer path cannot be connected to. */
const socketPathMaxBytes = 107;

/** The path in `unix:/path`; undefined for an address of another kind. */
export function socketPathOf(address: string): string | undefined {
  return address.startsWith(scheme) ? address.slice(scheme.length) : undefined;
}

/** What is wrong with the path; undefined where nothing is. */
export function socketPathFault(path: string): string | undefined {
  if (!path.startsWith('/')) return 'the path of a socket is absolute';
  const bytes = Buffer.byteLength(path);
  if (bytes <= socketPathMaxBytes) return undefined;
  return `the path of a socket has at most ${socketPathMaxBytes} bytes, this one has ${bytes}`;
}

export function isSocketAddress(address: string): boolean {
  const path = socketPathOf(address);
  return path !== undefined && socketPathFault(path) === undefined;
}
