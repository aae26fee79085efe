/** Where an edge listens, read once from its address. */

export interface Origin {
  readonly host: string;
  readonly port: number;
  /** Of a Unix-domain socket, which then stands for host and port. */
  readonly path: string | undefined;
  readonly secure: boolean;
  /** As it stands in `Host`. */
  readonly authority: string;
}

const pathScheme = 'unix:';

/** Reads `http://host:port`, `https://host:port` or `unix:/path`; throws on anything else. */
export function parseOrigin(address: string): Origin {
  if (address.startsWith(pathScheme)) return parsePath(address.slice(pathScheme.length));
  const url = new URL(address);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:') throw new Error(`no address of an edge: ${url.protocol}`);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
    path: undefined,
    secure,
    authority: url.host,
  };
}

function parsePath(path: string): Origin {
  if (!path.startsWith('/')) throw new Error('no address of an edge: the path of a socket is absolute');
  return { host: '', port: 0, path, secure: false, authority: 'localhost' };
}
