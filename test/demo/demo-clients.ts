/** What stands at `/clients/` of the demo: files with the names that clients have and nothing in them, which people download now and then. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const files = [
  'vscode/demo-only-0.3.8.vsix',
  'vscode/demo-only-0.3.7.vsix',
  'intellij/demo-only-0.2.1.zip',
  'cli/demo-only-1.2.3.tar.gz',
];

/** Editors as they name themselves to the Open Collaboration Protocol; the last one does not. */
const editors = [
  'OCT_CODE_Visual_Studio Code@0.3.8',
  'OCT_CODE_Visual_Studio Code@0.3.7',
  'OCT_CODE_code-server@0.3.8',
  'IntelliJ IDEA@0.2.1',
  undefined,
];
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';

export function makeDemoClients(folder: string): void {
  for (const file of files) {
    const path = join(folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, 'A name for the demo: there is no client in this file.\n');
  }
}

export async function downloadClient(url: string, signal: AbortSignal): Promise<void> {
  // The newest one most of all.
  const file = files[Math.floor(Math.random() ** 2 * files.length)]!;
  const answer = await fetch(`${url}/clients/${file}`, { signal });
  await answer.arrayBuffer();
}

/** The same one for a number; most have the newest of VS Code. */
export function editorOf(number: number): { client?: string } {
  const client = editors[number % 3 === 0 ? number % editors.length : 0];
  return client === undefined ? {} : { client };
}

export function browserOf(number: number): string {
  return number % 3 === 0 ? firefox : chrome;
}
