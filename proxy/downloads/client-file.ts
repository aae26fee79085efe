/**
 * Which client a file of the folder is, and which version of it, by its path: names of the original product
 * (`vscode/codetogether-onpremises-2.0.0-b00405.vsix`) and our own (`mooring-cli-1.2.3.tar.gz`). Pure.
 */

/** Closed: they are labels. */
export const clientKinds = ['vscode', 'theia', 'jetbrains', 'eclipse', 'browser', 'cli', 'other'] as const;

export type ClientKind = (typeof clientKinds)[number];

export interface ClientFile {
  readonly client: ClientKind;
  readonly version: string;
}

const folders: Readonly<Record<string, ClientKind>> = {
  vscode: 'vscode',
  'code-server': 'vscode',
  theia: 'theia',
  intellij: 'jetbrains',
  jetbrains: 'jetbrains',
  eclipse: 'eclipse',
  browser: 'browser',
  cli: 'cli',
};

const artefact = /\.(vsix|zip|jar|tar\.(?:gz|xz|bz2|zst)|tgz|exe|msi|dmg|pkg|deb|rpm|appimage|crx|xpi)$/i;
const versioned = /^(.*?)[-_]v?(\d{1,9}(?:\.\d{1,20})+(?:[-+._][A-Za-z0-9]+)*)$/;
/** For which machine an archive is says nothing of its version. */
const platform =
  /[-_.](?:linux|darwin|mac(?:os)?|win(?:32|dows)?|alpine|x64|x86_64|amd64|arm64|aarch64|all|universal)\b.*$/i;
/** Of an update site the plug-in that everybody gets stands for the client, as the original product counts it. */
const eclipseCore = /\.core_[^/]*\.jar$/;
const versionMaxLength = 40;

/** Undefined for what is no client, but a text or a part of one. */
export function clientFileOf(names: readonly string[]): ClientFile | undefined {
  const name = names.at(-1) ?? '';
  if (!artefact.test(name)) return undefined;
  const parsed = versioned.exec(name.replace(artefact, '').replace(platform, ''));
  if (parsed === null) return undefined;
  const [, stem, version] = parsed as unknown as [string, string, string];
  const client = kindOf(names, stem);
  const isPart = client === 'eclipse' && name.endsWith('.jar') && !eclipseCore.test(name);
  return isPart ? undefined : { client, version: version.slice(0, versionMaxLength) };
}

function kindOf(names: readonly string[], stem: string): ClientKind {
  const folder = names.length > 1 ? folders[names[0]!.toLowerCase()] : undefined;
  if (folder !== undefined) return folder;
  const own = /^mooring-([a-z-]+)$/.exec(stem.toLowerCase())?.[1];
  if (own !== undefined) return folders[own] ?? 'other';
  return names.at(-1)!.toLowerCase().endsWith('.vsix') ? 'vscode' : 'other';
}
