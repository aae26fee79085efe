/** Decisions on downloads: which paths name something, which client a file is, what a request knows of its version. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientFileOf } from './client-file.ts';
import { DownloadTally } from './download-tally.ts';
import { parseDownloadPath } from './download-path.ts';
import { goesOnFrom, judgeConditions, versionOf } from './file-version.ts';
import { mediaTypeOf, saveAs } from './media-type.ts';

test('a path names a file by decoded names, and nothing that is hidden, empty or more than one name', () => {
  const names = (path: string): string | undefined => parseDownloadPath(path)?.names.join('|');
  assert.equal(names('/clients'), '');
  assert.equal(names('/clients/'), '');
  assert.equal(names('/clients/vscode/a%20b.vsix'), 'vscode|a b.vsix');
  assert.equal(names('/clients/a%2525.zip'), 'a%25.zip', 'it is decoded once');
  assert.equal(names('/clients/eclipse/'), 'eclipse');
  const refused = [
    '/clients/..',
    '/clients/%2e%2e/x',
    '/clients/a/../b',
    '/clients/.env',
    '/clients/a/.git/config',
  ];
  const odd = [
    '/clients//',
    '/clients//a',
    '/clients/a//b',
    '/clients/a%2fb',
    '/clients/a%5cb',
    '/clients/a%00.zip',
    '/clients/%0a',
  ];
  const broken = [
    '/clients/%',
    '/clients/%ff',
    '/clientsx',
    '/client',
    `/clients/${'a'.repeat(256)}`,
    `/clients/${'a/'.repeat(40)}`,
  ];
  for (const path of [...refused, ...odd, ...broken]) assert.equal(names(path), undefined, path);
});

test('names of the original product and our own tell client and version', () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ['vscode/codetogether-onpremises-2.0.0-b00405.vsix', 'vscode 2.0.0-b00405'],
    ['intellij/codetogether-onpremises-2.0.0-00405.zip', 'jetbrains 2.0.0-00405'],
    ['eclipse/plugins/com.genuitec.eclipse.codetogether.core_2022.1.1.202203.jar', 'eclipse 2022.1.1.202203'],
    ['eclipse/plugins/com.genuitec.eclipse.codetogether.ui_2022.1.1.202203.jar', undefined],
    ['eclipse/features/com.genuitec.feature_2022.1.1.jar', undefined],
    ['eclipse/content.jar', undefined],
    ['vscode/typefox.open-collaboration-tools-0.3.8.vsix', 'vscode 0.3.8'],
    ['open-collaboration-tools-0.3.8.vsix', 'vscode 0.3.8'],
    ['mooring-cli-1.2.3-linux-x64.tar.gz', 'cli 1.2.3'],
    ['cli/mooring-cli-1.2.3-rc.1-win32-x64.zip', 'cli 1.2.3-rc.1'],
    ['mooring-theia-1.0.0.zip', 'theia 1.0.0'],
    ['mooring-jetbrains-v1.0.0.zip', 'jetbrains 1.0.0'],
    ['tools-1.0.zip', 'other 1.0'],
    ['vscode/README.txt', undefined],
    ['vscode/latest.vsix', undefined],
  ];
  for (const [path, expected] of table) {
    const file = clientFileOf(path.split('/'));
    assert.equal(file === undefined ? undefined : `${file.client} ${file.version}`, expected, path);
  }
});

const settled = versionOf({ size: 10n, mtimeNs: 1_700_000_000_123_456_789n }, 1_800_000_000_000);
const at = (ms: number): string => new Date(ms).toUTCString();

test('a name of any form is looked at in no time', () => {
  assert.equal(clientFileOf([`x-1.0${'.a'.repeat(120)}!.zip`]), undefined);
});

test('conditions are judged in the order of the standard', () => {
  const judge = (...headers: string[]): string => judgeConditions(headers, settled);
  const { tag, modifiedMs } = settled;
  assert.equal(judge(), 'send');
  assert.equal(judge('if-none-match', tag), 'not-modified');
  assert.equal(judge('if-none-match', `"a,b", W/${tag}`), 'not-modified');
  assert.equal(judge('if-none-match', '*'), 'not-modified');
  assert.equal(judge('if-none-match', '"other"', 'if-modified-since', at(modifiedMs)), 'send');
  assert.equal(judge('if-modified-since', at(modifiedMs)), 'not-modified');
  assert.equal(judge('if-modified-since', at(modifiedMs - 1_000)), 'send');
  assert.equal(judge('if-modified-since', 'yesterday, or so'), 'send');
  assert.equal(judge('if-match', '"other"'), 'failed');
  assert.equal(judge('if-match', `W/${tag}`), 'failed');
  assert.equal(judge('if-match', tag, 'if-unmodified-since', at(0)), 'send');
  assert.equal(judge('if-unmodified-since', at(0)), 'failed');
});

test('a part goes only with the same strong version', () => {
  const { tag, modifiedMs } = settled;
  assert.equal(goesOnFrom([], settled), true);
  assert.equal(goesOnFrom(['if-range', tag], settled), true);
  assert.equal(goesOnFrom(['if-range', `W/${tag}`], settled), false);
  assert.equal(goesOnFrom(['if-range', '"other"'], settled), false);
  assert.equal(goesOnFrom(['if-range', at(modifiedMs)], settled), true);
  assert.equal(goesOnFrom(['if-range', at(modifiedMs + 1_000)], settled), false);
  assert.equal(goesOnFrom(['if-range', 'nonsense'], settled), false);
  const fresh = versionOf({ size: 10n, mtimeNs: 1_700_000_000_000_000_000n }, 1_700_000_001_000);
  assert.match(fresh.tag, /^W\//, 'what may still be written has no strong version');
  assert.equal(goesOnFrom(['if-range', fresh.tag], fresh), false);
  assert.equal(goesOnFrom(['if-range', at(fresh.modifiedMs)], fresh), false);
});

test('types are those of the files of clients, and names survive whatever they hold', () => {
  const table: readonly (readonly [string, string])[] = [
    ['a.vsix', 'application/vsix'],
    ['a.ZIP', 'application/zip'],
    ['content.jar', 'application/java-archive'],
    ['a-1.tar.gz', 'application/gzip'],
    ['artifacts.xml.xz', 'application/x-xz'],
    ['site.xml', 'application/xml'],
    ['p2.index', 'text/plain; charset=utf-8'],
    ['a.exe', 'application/vnd.microsoft.portable-executable'],
    ['a.dmg', 'application/x-apple-diskimage'],
    ['a', 'application/octet-stream'],
  ];
  for (const [name, type] of table) assert.equal(mediaTypeOf(name).type, type, name);
  assert.equal(saveAs('a-1.zip'), 'attachment; filename="a-1.zip"');
  assert.equal(saveAs('ä"b\'.zip'), `attachment; filename="__b'.zip"; filename*=UTF-8''%C3%A4%22b%27.zip`);
});

test('parts of a file are one download, and so are a whole and its parts; two wholes are two', () => {
  let now = 0;
  const tally = new DownloadTally(() => now);
  const counts = (...kinds: ('whole' | 'part')[]): boolean[] =>
    kinds.map((kind) => tally.count(`file ${now}`, kind === 'whole'));
  assert.deepEqual(counts('part', 'part', 'whole', 'part'), [true, false, false, false]);
  now++;
  assert.deepEqual(counts('whole', 'whole', 'part'), [true, true, false]);
  assert.equal(tally.count('file 0', false), false);
  now += 600_001;
  assert.equal(tally.count('file 0', false), true, 'somebody else, or again');
  for (let i = 0; i < 20_000; i++) tally.count(`other ${i}`, false);
  assert.equal(tally.count('file 0', false), true, 'what is remembered is bounded');
});
