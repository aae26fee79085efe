/** Ids in base64url (RFC 4648 section 5) that people type, too. */

/** A command line takes what begins with a hyphen for an option. The same each time. */
export function hyphenless(id: string): string {
  return id.replace(/^-/, '0');
}
