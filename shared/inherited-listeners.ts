/**
 * Listening sockets that whoever started this process has opened and keeps: a supervisor, or systemd by a socket unit.
 * Source: sd_listen_fds(3); the names are `http` and `https`.
 */
const firstDescriptor = 3;

export interface InheritedListeners {
  readonly http: number | undefined;
  readonly https: number | undefined;
}

/** Descriptors by name; none where nobody passes any, or they are for another process. Throws a line for people. */
export function readInheritedListeners(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): InheritedListeners {
  const found: { http: number | undefined; https: number | undefined } = {
    http: undefined,
    https: undefined,
  };
  const count = env['LISTEN_FDS'];
  if (count === undefined || (env['LISTEN_PID'] !== undefined && env['LISTEN_PID'] !== String(pid)))
    return found;
  const names = env['LISTEN_FDNAMES']?.split(':') ?? (count === '1' ? ['http'] : []);
  if (String(names.length) !== count)
    throw new Error(
      `LISTEN_FDS is ${count}, but LISTEN_FDNAMES names ${names.length}: each must be http or https`,
    );
  for (const [index, name] of names.entries()) {
    if ((name !== 'http' && name !== 'https') || found[name] !== undefined)
      throw new Error(
        `LISTEN_FDNAMES: "${name}" must be http or https, each once (FileDescriptorName= of the unit)`,
      );
    found[name] = firstDescriptor + index;
  }
  return found;
}
