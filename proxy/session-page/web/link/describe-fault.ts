/** What went wrong, for people: the server's answers to who comes in, and a host's to who works with its files. */

const said: Readonly<Record<string, string>> = {
  RoomNotFound: 'There is no session with this code. It may have ended.',
  JoinRejected: 'The host did not let you in.',
  JoinTimeout: 'The host did not answer.',
  JoinRequestNotFound: 'The host did not answer.',
};

export function describeFault(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  if (code !== undefined && said[code] !== undefined) return said[code];
  try {
    return (JSON.parse(message ?? '') as { message: string }).message;
  } catch {
    if (error instanceof TypeError) return 'The server cannot be reached.';
    // As hosts word it for programs: `Error: ENOENT: no such file or folder`.
    return (message ?? 'Something went wrong.').replace(/^(Error: )?(E[A-Z]{2,}: )?/, '');
  }
}
