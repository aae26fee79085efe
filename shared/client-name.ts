/**
 * Which client somebody uses, from what it says of itself: `x-oct-client` of the Open Collaboration Protocol, or `user-agent`.
 * A client may say anything, so this is for figures and decides nothing.
 */

export interface ClientName {
  readonly client: string;
  /** Of the extension or program; of browsers the main version alone. Empty where it says none. */
  readonly version: string;
}

const clientMaxLength = 64;
const versionMaxLength = 32;
/** Longer than browsers say; what comes behind it is not read. */
const toldMaxLength = 512;

export const unidentified: ClientName = { client: 'unidentified', version: '' };

/** As the library calls itself where its program gives no name, and as our edge calls a client that says nothing. */
const sayNothing = new Set(['', 'unknown', 'Unknown OCT JS Client']);

/** In their order: a browser names those that it wants to be taken for, too. */
const browsers = [
  [/\bEdgA?\/(\d+)/, 'Edge'],
  [/\bOPR\/(\d+)/, 'Opera'],
  [/\bFirefox\/(\d+)/, 'Firefox'],
  [/\b(?:Headless)?Chrome\/(\d+)/, 'Chrome'],
  [/\bVersion\/(\d+)(?:\.\d+)* (?:Mobile\/\S+ )?Safari\//, 'Safari'],
] as const;

export function readClientName(told: string): ClientName {
  const text = toPlainText(told.slice(0, toldMaxLength));
  if (sayNothing.has(text)) return unidentified;
  // VS Code and what is built like it: OCT_CODE_Visual_Studio Code@0.3.1, with the version of the extension.
  const [, code, release] = /^OCT_CODE_(.*?)(?:@([^@]*))?$/.exec(text) ?? [];
  if (code !== undefined) return nameOf(code.replaceAll('_', ' '), release ?? '');
  if (text.startsWith('Mozilla/')) return readBrowser(text);
  const [, name, version] = /^([^/@]+)[/@]([\w.+-]+)/.exec(text) ?? [];
  return name === undefined ? nameOf(text, '') : nameOf(name, version!);
}

function readBrowser(text: string): ClientName {
  for (const [pattern, client] of browsers) {
    const version = pattern.exec(text)?.[1];
    if (version !== undefined) return nameOf(client, version);
  }
  return nameOf('Browser', '');
}

function nameOf(client: string, version: string): ClientName {
  const name = client.trim().slice(0, clientMaxLength).trim();
  return name === ''
    ? unidentified
    : { client: name, version: version.trim().slice(0, versionMaxLength).trim() };
}

/** Keys of tables: the same letters in every kind of database. */
function toPlainText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '?').trim();
}

/** Names that files have. */
export function toClientName(client: string, version: string): ClientName {
  return nameOf(toPlainText(client), toPlainText(version));
}
