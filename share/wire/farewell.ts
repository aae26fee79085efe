/** What the server, or the host, says when a session is over: for the user, where it is a text. */
export function farewellOf(info: unknown): string | undefined {
  const { message } = (info ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' && message !== '' ? message : undefined;
}
