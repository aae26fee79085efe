/** Who may come into a session: what the host has said beforehand, else a question to the host. */

export interface GuestRules {
  /** Everybody comes in. */
  readonly admitsAll: boolean;
  /** Names or e-mail addresses of those who come in unasked. */
  readonly allowed: readonly string[];
  /** There is nobody to ask. */
  readonly canAsk: boolean;
}

export interface Applicant {
  readonly name: string;
  readonly email?: string | undefined;
}

export type GuestChoice = 'admit' | 'ask' | 'refuse';

export function chooseGuest({ admitsAll, allowed, canAsk }: GuestRules, guest: Applicant): GuestChoice {
  if (admitsAll) return 'admit';
  if (allowed.some((entry) => isMeant(entry, guest))) return 'admit';
  return canAsk ? 'ask' : 'refuse';
}

/** An address is compared with addresses alone: anybody may take one for a name. */
function isMeant(entry: string, { name, email }: Applicant): boolean {
  const word = entry.includes('@') ? email : name;
  return word !== undefined && word !== '' && fold(word) === fold(entry);
}

function fold(text: string): string {
  return text.trim().normalize('NFC').toLowerCase();
}
