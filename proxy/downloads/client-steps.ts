/** How each client is installed and told of this server, as parts of the page at `/clients/`. */
import type { ClientKind } from './client-file.ts';
import type { ClientsView, NewestClient } from './newest-clients.ts';

export type Step =
  | { readonly kind: 'text'; readonly text: string }
  /** To be copied. */
  | { readonly kind: 'copy'; readonly text: string; readonly what: string }
  | { readonly kind: 'files'; readonly newest: NewestClient };

export interface ClientSection {
  readonly id: string;
  readonly title: string;
  readonly steps: readonly Step[];
}

const octExtension = 'typefox.open-collaboration-tools';
const say = (text: string): Step => ({ kind: 'text', text });
const copy = (what: string, text: string): Step => ({ kind: 'copy', what, text });

/** `url` is this server's, without a slash at its end. */
export function clientSections(url: string, view: ClientsView): readonly ClientSection[] {
  const newest = (kind: ClientKind): NewestClient | undefined => view.newest.get(kind);
  const sections: ClientSection[] = [
    { id: 'vscode', title: 'VS Code and code-server', steps: vscode(url, newest('vscode')) },
    { id: 'theia', title: 'Theia', steps: theia(url, newest('theia')) },
    { id: 'jetbrains', title: 'JetBrains IDEs', steps: jetbrains(url, newest('jetbrains')) },
    { id: 'eclipse', title: 'Eclipse', steps: eclipse(url, view) },
    { id: 'browser', title: 'Browser', steps: browser(url, newest('browser')) },
    { id: 'cli', title: 'Command line', steps: cli(url, newest('cli')) },
  ];
  const other = newest('other');
  if (other !== undefined)
    sections.push({ id: 'other', title: 'Other files', steps: [{ kind: 'files', newest: other }] });
  return sections;
}

/** The address of a file, as it is written into commands. */
export function addressOf(names: readonly string[]): string {
  return `/clients/${names.map(encodeURIComponent).join('/')}`;
}

function vscode(url: string, newest: NewestClient | undefined): Step[] {
  const serverUrl = copy('the setting', `"oct.serverUrl": "${url}/"`);
  if (newest === undefined)
    return [
      say('This server has no extension of its own to give. Open Collaboration Tools speaks its protocol:'),
      copy('the command for VS Code', `code --install-extension ${octExtension}`),
      copy('the command for code-server', `code-server --install-extension ${octExtension}`),
      say('Then put this server into the settings (settings.json):'),
      serverUrl,
    ];
  const file = newest.files[0]!;
  const name = file.at(-1)!;
  return [
    { kind: 'files', newest },
    copy(
      'the commands',
      `curl -fLO ${quoted(url + addressOf(file))}\ncode --install-extension ${quoted(name)}`,
    ),
    say(
      'With code-server it is code-server in place of code. Open Collaboration Tools wants this server in the settings (settings.json):',
    ),
    serverUrl,
  ];
}

function theia(url: string, newest: NewestClient | undefined): Step[] {
  const files: Step[] = newest === undefined ? [] : [{ kind: 'files', newest }];
  return [
    ...files,
    say('Applications with the package @theia/collaboration have collaboration built in. Their preference:'),
    copy('the preference', `"collaboration.serverUrl": "${url}/"`),
  ];
}

function jetbrains(url: string, newest: NewestClient | undefined): Step[] {
  const source: Step[] =
    newest === undefined
      ? [say('Settings, Plugins, Marketplace: Open Collaboration Tools.')]
      : [
          { kind: 'files', newest },
          say('Settings, Plugins, the gear, Install Plugin from Disk: choose the file as it was downloaded.'),
        ];
  return [...source, say('Its server address:'), copy('the address', `${url}/`)];
}

function eclipse(url: string, { newest, hasUpdateSite }: ClientsView): Step[] {
  const plugin = newest.get('eclipse');
  if (hasUpdateSite)
    return [
      ...(plugin === undefined ? [] : [say(`Newest version: ${plugin.version}.`)]),
      say('Help, Install New Software, Add: an update site at'),
      copy('the address', `${url}/clients/eclipse/`),
    ];
  if (plugin === undefined) return [say('This server has no plug-in for Eclipse to give.')];
  return [
    { kind: 'files', newest: plugin },
    say('Help, Install New Software, Add, Archive: choose the file as it was downloaded.'),
  ];
}

function browser(url: string, newest: NewestClient | undefined): Step[] {
  const files: Step[] = newest === undefined ? [] : [{ kind: 'files', newest }];
  const socketUrl = url.replace(/^http/, 'ws');
  return [
    ...files,
    say('Nothing needs to be installed: a page shares a document with y-websocket like this.'),
    copy('the line', `new WebsocketProvider('${socketUrl}/y/my-session', 'notes', doc)`),
  ];
}

function cli(url: string, newest: NewestClient | undefined): Step[] {
  const files: Step[] =
    newest === undefined
      ? []
      : [
          { kind: 'files', newest },
          copy('the command', `curl -fLO ${quoted(url + addressOf(newest.files[0]!))}`),
        ];
  return [
    ...files,
    say('Whether this server can be reached, and which edge has a session:'),
    copy('the command', `curl -H 'ctstickiness: my-session' ${url}/ct-health/`),
  ];
}

/** As one word of a shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
