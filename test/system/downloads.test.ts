/** Downloads of clients by the programs that people use: whole, resumed, in parts, over TLS and HTTP/2, each counted once. */
import assert from 'node:assert/strict';
import { readFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { openBrowser } from '../support/browser.ts';
import type { DownloadScene } from '../support/download-scene.ts';
import { addFile, countIs, openDownloads, runProgram, vsix, vsixOf } from '../support/download-scene.ts';
import { ask, makeDataDir, until } from '../support/front-door.ts';
import { startPool } from '../support/pool.ts';

/** On one front door, each with a file of its own. */
const scenes: (readonly [string, (t: TestContext, scene: DownloadScene) => Promise<void>])[] = [];

function scene(...named: (typeof scenes)[number]): void {
  scenes.push(named);
}

test('downloads of one front door', async (t) => {
  const opened = await openDownloads(t);
  for (const [name, promise] of scenes) await t.test(name, async (inner) => await promise(inner, opened));
});

scene(
  'curl goes on with what it has, and both runs count as one download',
  async (t, { door, folder, url }) => {
    const vsix = vsixOf('2.0.0-b00405');
    const content = addFile(folder, vsix, 3_000_000);
    const got = join(makeDataDir(t), 'got.vsix');
    // A part, as of a connection that broke.
    await runProgram(t, 'curl', ['-sf', '-r', '0-999999', '-o', got, `${url}/${vsix}`]);
    assert.equal(readFileSync(got).length, 1_000_000);
    const resumed = await runProgram(t, 'curl', [
      '-sf',
      '-C',
      '-',
      '-o',
      got,
      '-w',
      '%{http_code}',
      `${url}/${vsix}`,
    ]);
    assert.deepEqual([resumed.code, resumed.stdout], [0, '206']);
    assert.ok(readFileSync(got).equals(content));
    await countIs({ door, folder }, 'vscode 2.0.0-b00405', 1);
  },
);

scene(
  'wget goes on with what it has, and asks for nothing where it has all',
  async (t, { door, folder, url }) => {
    const vsix = vsixOf('2.1.0-b00405');
    const content = addFile(folder, vsix, 2_000_000);
    const here = makeDataDir(t);
    const got = join(here, vsix.split('/')[1]!);
    writeFileSync(got, content.subarray(0, 700_000));
    const args = ['-q', '-c', '-P', here, `${url}/${vsix}`];
    assert.equal((await runProgram(t, 'wget', args)).code, 0);
    assert.ok(readFileSync(got).equals(content));
    await runProgram(t, 'wget', args);
    // By its time, as a mirror does.
    assert.equal((await runProgram(t, 'wget', ['-q', '-N', '-P', here, `${url}/${vsix}`])).code, 0);
    await countIs({ door, folder }, 'vscode 2.1.0-b00405', 1);
  },
);

scene('a download in many parts at the same time counts once', async (t, { door, folder, url }) => {
  const vsix = vsixOf('2.2.0-b00405');
  const content = addFile(folder, vsix, 12_000_000);
  const here = makeDataDir(t);
  const split = [
    '-q',
    '-x',
    '8',
    '-s',
    '8',
    '-k',
    '1M',
    '--allow-overwrite=true',
    '-d',
    here,
    '-o',
    'got.vsix',
  ];
  assert.equal((await runProgram(t, 'aria2c', [...split, `${url}/${vsix}`])).code, 0);
  assert.ok(readFileSync(join(here, 'got.vsix')).equals(content));
  const parts = (): number =>
    door.log.items.filter(({ route, status }) => route === 'clients' && status === 206).length;
  await until(async () => parts() > 1, 'the log tells that it came in parts');
  await countIs({ door, folder }, 'vscode 2.2.0-b00405', 1);
});

scene('over TLS and HTTP/2 a file is the same, ranges included', async (t, { folder, secureUrl }) => {
  const vsix = vsixOf('2.3.0-b00405');
  const content = addFile(folder, vsix, 5_000_000);
  const here = makeDataDir(t);
  for (const version of ['--http1.1', '--http2']) {
    const got = join(here, `got${version}`);
    const all = await runProgram(t, 'curl', [
      '-sfk',
      version,
      '-o',
      got,
      '-w',
      '%{http_version}',
      `${secureUrl}/${vsix}`,
    ]);
    assert.equal(all.stdout, version === '--http2' ? '2' : '1.1');
    assert.ok(readFileSync(got).equals(content), version);
    await runProgram(t, 'curl', ['-sfk', version, '-r', '4000000-', '-o', got, `${secureUrl}/${vsix}`]);
    assert.ok(readFileSync(got).equals(content.subarray(4_000_000)), version);
  }
});

scene('several ranges come as parts of one answer', async (_t, { door, folder }) => {
  const content = addFile(folder, 'cli/mooring-cli-1.0.0.tar.gz', 5_000);
  const headers = { range: 'bytes=0-9,4000-4009' };
  const answer = await fetch(`http://${door.host}/clients/cli/mooring-cli-1.0.0.tar.gz`, { headers });
  const body = Buffer.from(await answer.arrayBuffer());
  const boundary = /boundary=(.*)$/.exec(answer.headers.get('content-type')!)![1]!;
  const part = (first: number, last: number): Buffer[] => [
    Buffer.from(
      `\r\n--${boundary}\r\ncontent-type: application/gzip\r\ncontent-range: bytes ${first}-${last}/5000\r\n\r\n`,
    ),
    content.subarray(first, last + 1),
  ];
  assert.equal(answer.status, 206);
  assert.ok(
    body.equals(
      Buffer.concat([...part(0, 9), ...part(4_000, 4_009), Buffer.from(`\r\n--${boundary}--\r\n`)]),
    ),
  );
  await countIs({ door, folder }, 'cli 1.0.0', 0);
});

scene(
  'heads, answers without a body and looks at the end of a file count as no download',
  async (_t, { door, folder }) => {
    const vsix = vsixOf('2.5.0-b00405');
    addFile(folder, vsix, 4_000);
    const path = `/clients/${vsix}`;
    const head = await ask(door, path, { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '4000', '']);
    assert.equal(head.headers['content-disposition'], `attachment; filename="${vsix.split('/')[1]}"`);
    assert.equal(head.headers['x-content-type-options'], 'nosniff');
    const etag = String(head.headers.etag);
    assert.equal((await ask(door, path, { headers: { 'if-none-match': etag } })).status, 304);
    const since = String(head.headers['last-modified']);
    assert.equal((await ask(door, path, { headers: { 'if-modified-since': since } })).status, 304);
    assert.equal((await ask(door, path, { headers: { range: 'bytes=-100' } })).status, 206);
    assert.equal((await ask(door, path, { headers: { range: 'bytes=4000-' } })).status, 416);
    assert.equal(
      (await ask(door, path, { headers: { 'if-match': '"x"' } })).json.code,
      'precondition-failed',
    );
    assert.equal((await ask(door, path, { method: 'POST' })).status, 405);
    await countIs({ door, folder }, 'vscode 2.5.0-b00405', 0);
    const other = await ask(door, path, { headers: { range: 'bytes=1000-', 'if-range': '"x"' } });
    assert.deepEqual([other.status, other.headers['content-length']], [200, '4000']);
    await countIs({ door, folder }, 'vscode 2.5.0-b00405', 1);
  },
);

scene('nothing outside of the folder is served, nor what is hidden in it', async (t, { door, folder }) => {
  addFile(folder, 'inside/a.zip', 100);
  addFile(folder, '.hidden/a.zip', 100);
  addFile(folder, 'inside/.env', 100);
  symlinkSync('/etc/passwd', join(folder, 'link.zip'));
  symlinkSync('/etc', join(folder, 'etc'));
  symlinkSync(join(folder, '.hidden'), join(folder, 'unhidden'));
  symlinkSync('inside/a.zip', join(folder, 'latest.zip'));
  symlinkSync('loop.zip', join(folder, 'loop.zip'));
  await runProgram(t, 'mkfifo', [join(folder, 'pipe.zip')]);
  const absent = [
    '/link.zip',
    '/etc/passwd',
    '/etc/',
    '/unhidden/a.zip',
    '/.hidden/a.zip',
    '/inside/.env',
    '/inside/a.zip/',
    '/loop.zip',
    '/pipe.zip',
    '/nothing.zip',
    '/inside/a.zip/b',
  ];
  for (const path of absent) assert.equal((await ask(door, `/clients${path}`)).json.code, 'not-found', path);
  const bad = [
    '/../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..%2f..%2fetc/passwd',
    '/a%00.zip',
    '/..%5c..%5cetc',
  ];
  for (const path of bad) assert.equal((await ask(door, `/clients${path}`)).status, 400, path);
  assert.equal((await ask(door, '/clients/latest.zip')).status, 200, 'a link within the folder is fine');
  const list = await ask(door, '/clients/inside/');
  assert.ok(list.text.includes('a.zip') && !list.text.includes('.env'));
});

scene(
  'a folder has an address with a slash, a list of its own or its page, which runs nothing',
  async (_t, { door, folder }) => {
    addFile(folder, 'eclipse/plugins/com.genuitec.eclipse.codetogether.core_2.0.0.1.jar', 900);
    writeFileSync(join(folder, 'eclipse/p2.index'), 'version=1\n');
    mkdirSync(join(folder, 'site'));
    writeFileSync(join(folder, 'site/index.html'), '<p>ours</p>');
    const moved = await ask(door, '/clients/eclipse');
    assert.deepEqual([moved.status, moved.headers.location], [301, './eclipse/']);
    assert.match((await ask(door, '/clients/eclipse/')).text, /href="\.\/plugins\/"[^]*href="\.\/p2\.index"/);
    const site = await ask(door, '/clients/site/');
    assert.equal(site.text, '<p>ours</p>');
    assert.match(String(site.headers['content-security-policy']), /default-src 'none'.*sandbox/);
    await ask(door, '/clients/eclipse/plugins/com.genuitec.eclipse.codetogether.core_2.0.0.1.jar');
    await countIs({ door, folder }, 'eclipse 2.0.0.1', 1);
  },
);

test('with CT_NOCLIENTS there is nothing, as where nothing ever was', async (t) => {
  const { door, folder } = await openDownloads(t, { CT_NOCLIENTS: 'true' });
  addFile(folder, vsix, 100);
  for (const method of ['GET', 'OPTIONS', 'POST']) {
    const never = await ask(door, '/never', { method });
    for (const path of ['/clients', '/clients/', `/clients/${vsix}`]) {
      const here = await ask(door, path, { method });
      assert.deepEqual([here.status, here.json.code], [never.status, never.json.code], `${method} ${path}`);
    }
  }
});

test('the access log has each GET as web servers write it, so that the well-known count works', async (t) => {
  const logs = makeDataDir(t);
  const { door, folder } = await openDownloads(t, { CT_LOG_FORMAT: 'combined', CT_LOG_DIR: logs });
  addFile(folder, vsix, 1_000);
  const page = await ask(door, '/clients/');
  for (let i = 0; i < 3; i++) await ask(door, `/clients/${vsix}`);
  await ask(door, `/clients/${vsix}?from=mail`, { headers: { range: 'bytes=0-9' } });
  await ask(door, `/~some-session/clients/${vsix}`);
  await ask(door, `/clients/${vsix}`, { method: 'HEAD' });
  const count = `grep 'GET /clients/vscode/codetogether-onpremises-' ${join(logs, 'access.log')} | wc -l`;
  await until(
    async () => (await runProgram(t, 'sh', ['-c', count])).stdout.trim() === '5',
    'five GETs are in the log',
  );
  const text = readFileSync(join(logs, 'access.log'), 'utf8');
  assert.match(text, /"GET \/clients\/vscode\/\S+\.vsix HTTP\/1\.1" 200 1000 "-" /);
  assert.match(text, /"HEAD \/clients\/vscode\/\S+\.vsix HTTP\/1\.1" 200 0 "-" /);
  // Answers of the front door's own have their size, too.
  assert.ok(text.includes(`"GET /clients/ HTTP/1.1" 200 ${Buffer.byteLength(page.text)} "-" `));
  assert.ok(!text.includes('some-session') && !text.includes('from=mail'));
});

test('a browser downloads from the page, which is set for this server', async (t) => {
  const pool = await startPool(t, {
    env: { CT_EDGES: '1', CT_CLIENTS_DIR: makeFolder(), CT_SERVER_URL: 'https://code.example.com' },
  });
  function makeFolder(): string {
    const folder = makeDataDir(t);
    addFile(folder, vsix, 50_000);
    addFile(folder, vsix.replace('2.0.0-b00405', '1.9.0-b00300'), 10);
    return folder;
  }
  const browser = await openBrowser();
  t.after(async () => await browser.close());
  const context = await browser.newContext({ viewport: { width: 360, height: 640 } });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  await page.goto(`${pool.url}/clients/`);
  assert.ok((await page.textContent('main'))!.includes('"oct.serverUrl": "https://code.example.com/"'));
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), 360, 'it fits a phone');
  await page.getByRole('button', { name: 'Copy the setting' }).click();
  await page.getByRole('status').getByText('Copied the setting').waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'b00405.vsix' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), vsix.split('/')[1]);
  assert.equal(readFileSync(await download.path()).length, 50_000);
  assert.deepEqual(faults, [], 'the policy of the page stops nothing of its own');
  const isKept = async (): Promise<boolean> =>
    JSON.stringify((await pool.look('/admin/history/downloads')).answer).includes('2.0.0-b00405');
  await until(isKept, 'the history has it');
  const metrics = await (await fetch(`http://127.0.0.1:${pool.ports['admin']}/metrics`)).text();
  assert.match(metrics, /ct_pool_client_downloads_total\{client="vscode",version="2.0.0-b00405"\} 1/);
});

test('without a folder the page says so, and how to set clients up all the same', async (t) => {
  const { door } = await openDownloads(t, { CT_CLIENTS_DIR: '' });
  for (const path of ['/clients', '/clients/']) {
    const page = await ask(door, path, { headers: { host: 'pool.example.com' } });
    assert.equal(page.status, 200);
    assert.match(page.text, /offers no files[^]*http:\/\/pool\.example\.com/);
  }
  assert.equal((await ask(door, `/clients/${vsix}`)).status, 404);
});
