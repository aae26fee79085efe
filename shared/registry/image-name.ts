/** Names of images as Docker writes them: host, port and path of a repository. */
export interface ImageName {
  /** As Docker's configuration names it, `registry.example.org:5000`. */
  readonly host: string;
  /** Where its API is; plain HTTP on this machine alone, as Docker has it, or where it is asked for. */
  readonly origin: string;
  readonly repository: string;
}

const pathPattern = /^[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*$/;
const localPattern = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/;

/** Throws a line for people where it is none. A tag at the end is left out. */
export function parseImageName(text: string): ImageName {
  const {
    scheme,
    host = '',
    path = '',
  } = /^(?:(?<scheme>https?):\/\/)?(?<host>[A-Za-z0-9.-]+(?::\d+)?|\[[0-9a-fA-F:]+\](?::\d+)?)\/(?<path>[^:@]+)(?:[:@].*)?$/.exec(
    text,
  )?.groups ?? {};
  const isHost = /[.:]/.test(host) || host === 'localhost';
  if (!isHost || !pathPattern.test(path))
    throw new Error(`${text} is no image: say HOST/PATH, as in registry.example.org/mooring/edge`);
  const protocol = scheme ?? (localPattern.test(host) ? 'http' : 'https');
  return { host, origin: `${protocol}://${host}`, repository: path };
}
