/** Who somebody is over all logins, which each have an id of their own: as a login provider vouches for them. */
import type { User } from '../session-token.ts';

/** To be hashed before it is kept. */
export function personOf({ authProvider, email, name }: User): string {
  return `${authProvider ?? ''}\n${email?.toLowerCase() ?? name}`;
}
