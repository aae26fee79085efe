/** HTTP/2 at the front door, by real clients: the same exchange as over HTTP/1.1, on another wire. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { until } from '../support/front-door.ts';
import { openHttp2, readAnswer, startSecureDoor } from '../support/http2-client.ts';
import type { Http2Client, SecureDoor } from '../support/http2-client.ts';
import { startStaticBackend } from '../support/static-backend.ts';
import type { BackendAnswer, StaticBackend } from '../support/static-backend.ts';

interface Scene extends SecureDoor {
  readonly client: Http2Client;
  readonly backend: StaticBackend;
}

/** For all tests, each of which has paths of its own. */
const backend = await startStaticBackend({ after }, 'backend-0');
const shared = await startSecureDoor({ after }, { backends: [backend] });

async function openScene(t: TestContext): Promise<Scene> {
  const client = await openHttp2(t, shared.door.httpsPort, shared.caPath);
  return { ...shared, client, backend };
}

/** Not in the way of the backends, which live in this process. */
async function curl(caPath: string, ...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('curl', ['-s', '-m', '20', '--cacert', caPath, ...args]);
  return stdout;
}

function backendOf(body: Buffer | string): string {
  return (JSON.parse(body.toString()) as BackendAnswer).backend;
}

test('a key leads to one backend by header, cookie, cookies in pieces and query, over HTTP/2 as over HTTP/1.1', async (t) => {
  const names = ['backend-0', 'backend-1', 'backend-2'];
  const backends = await Promise.all(names.map(async (name) => await startStaticBackend(t, name)));
  const { door, caPath } = await startSecureDoor(t, { backends });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const homes = new Set<string>();
  for (let number = 0; number < 8; number++) {
    const key = `key-${number}`;
    const asked = [
      await client.ask('/', { ctstickiness: key }),
      await client.ask('/', { cookie: `a=b; ctstickiness=${key}` }),
      await client.ask('/', { cookie: ['theme=dark', `ctstickiness=${key}`, 'c=d'] }),
      await client.ask(`/?ctstickiness=${key}`),
    ];
    const byKey = ['--http1.1', '-H', `ctstickiness: ${key}`];
    const plain = await curl(caPath, ...byKey, `https://localhost:${door.httpsPort}/`);
    const seen = new Set([...asked.map(({ body }) => backendOf(body)), backendOf(plain)]);
    assert.equal(seen.size, 1, key);
    for (const answer of asked) assert.equal(answer.headers['ctstickiness'], key);
    homes.add([...seen][0]!);
  }
  assert.ok(homes.size > 1, 'keys are spread');
});

test('curl speaks HTTP/2 and gets its key back as a cookie that is Secure', async () => {
  const { door, caPath } = shared;
  const form = ['-w', '%{http_version} %{http_code}', '-D', '-'];
  const url = `https://localhost:${door.httpsPort}/hello?x=1`;
  const text = await curl(caPath, '--http2', ...form, url);
  assert.match(text, /^HTTP\/2 200 \r\n/);
  assert.match(
    text,
    /\r\nset-cookie: ctstickiness=[0-9a-f]{32}; Path=\/; HttpOnly; SameSite=Lax; Secure\r\n/,
  );
  assert.match(text, /2 200$/);
  assert.doesNotMatch(text, /\r\n(connection|transfer-encoding|keep-alive):/i);
});

test('cookies in pieces reach the edge as one, the host as Host, and nothing that a client claims of itself', async (t) => {
  const { client, backend, door } = await openScene(t);
  await client.ask('/seen', {
    cookie: ['a=1', 'b=2'],
    te: 'trailers',
    ctstickiness: 'key',
    'x-ct-epoch': '7',
    'x-forwarded-for': '6.6.6.6',
    'x-real-ip': '6.6.6.6',
    forwarded: 'for=6.6.6.6',
  });
  const { headers, method, target } = backend.requests.at(-1)!;
  const values = (name: string): string[] =>
    headers.flatMap((field, i) => (i % 2 === 0 && field === name ? [headers[i + 1]!] : []));
  assert.deepEqual([method, target], ['GET', '/seen']);
  assert.deepEqual(values('host'), [`localhost:${door.httpsPort}`]);
  assert.deepEqual(values('cookie'), ['a=1; b=2']);
  assert.deepEqual(values('x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(values('x-forwarded-proto'), ['https']);
  assert.deepEqual(values('x-ct-epoch'), []);
  assert.deepEqual(values('te'), []);
  assert.deepEqual(values('transfer-encoding'), [], 'a request without a body gets no framing');
});

test('bodies of any size go both ways byte for byte, with a length and without', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/echo', (request, response) => {
    if (request.headers['x-length'] !== undefined)
      response.setHeader('content-length', String(request.headers['x-length']));
    request.pipe(response);
  });
  for (const size of [0, 1, 16_383, 16_384, 65_536, 1_048_577, 8_388_608]) {
    const body = randomBytes(size);
    const digest = createHash('sha256').update(body).digest('hex');
    for (const headers of [{}, { 'content-length': String(size), 'x-length': String(size) }]) {
      const answer = await client.ask('/echo', { ':method': 'POST', ctstickiness: 'key', ...headers }, body);
      assert.equal(answer.status, 200);
      assert.equal(answer.rstCode, 0);
      assert.equal(createHash('sha256').update(answer.body).digest('hex'), digest, `${size} bytes`);
    }
  }
});

test('trailers go both ways, but for those that frame, route or authenticate', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/trailers', (request, response) => {
    request.resume().on('end', () => {
      response.setHeader('trailer', 'x-sum, x-claim, content-length');
      response.write('body');
      response.addTrailers({
        'X-Sum': String(request.trailers['x-sum']),
        'Set-Cookie': 'a=b',
        'x-more': '1',
      });
      response.end();
      backend.requests.at(-1)!.headers.toString();
      assert.equal(request.trailers['x-ct-epoch'], undefined);
      assert.equal(request.trailers['ctstickiness'], undefined);
    });
  });
  const stream = client.open(
    { ':method': 'POST', ':path': '/trailers', ctstickiness: 'key' },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () =>
    stream.sendTrailers({ 'x-sum': 'abc', 'x-ct-epoch': '9', ctstickiness: 'other' }),
  );
  stream.end('some body');
  const answer = await readAnswer(stream);
  assert.equal(answer.body.toString(), 'body');
  assert.equal(answer.trailers['x-sum'], 'abc');
  assert.equal(answer.trailers['x-more'], '1');
  assert.equal(answer.trailers['set-cookie'], undefined);
  assert.equal(answer.rstCode, 0);
});

test('103 comes before the answer, and 100 when a body is asked for', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/hints', (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' }, () => response.end('late'));
  });
  const hinted = await client.ask('/hints', { ctstickiness: 'key' });
  assert.deepEqual(
    hinted.interim.map((head) => [head[':status'], head['link'], head['ctstickiness']]),
    [[103, '</style.css>; rel=preload', undefined]],
  );
  assert.equal(hinted.body.toString(), 'late');

  const stream = client.open({
    ':method': 'POST',
    ':path': '/',
    expect: '100-continue',
    ctstickiness: 'key',
  });
  stream.once('continue', () => stream.end('asked for'));
  const answer = await readAnswer(stream);
  assert.equal((JSON.parse(answer.body.toString()) as BackendAnswer).body, 'asked for');
});

test('answers without a body end with their head: HEAD, 204, 205, 304', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/status', (request, response) => {
    response.writeHead(Number(request.headers['x-status']), { etag: '"1"' }).end();
  });
  backend.handlers.set('/long', (_request, response) => {
    response.writeHead(200, { 'content-length': '5' }).end('hello');
  });
  for (const status of [204, 205, 304]) {
    const answer = await client.ask('/status', { 'x-status': String(status), ctstickiness: 'key' });
    assert.deepEqual([answer.status, answer.body.length, answer.rstCode], [status, 0, 0]);
  }
  const head = await client.ask('/long', { ':method': 'HEAD', ctstickiness: 'key' });
  assert.deepEqual(
    [head.status, head.headers['content-length'], head.body.length, head.rstCode],
    [200, '5', 0, 0],
  );
  const own = await client.ask('/', { ':method': 'HEAD', ctstickiness: 'not a key' });
  assert.deepEqual([own.status, own.body.length, own.rstCode], [400, 0, 0]);
});

test('a stream that its client resets is aborted at the edge at once, in its answer and before it', async (t) => {
  const { client, backend, door } = await openScene(t);
  const requests = backend.requests.length;
  const left = (): number => door.log.items.filter((line) => line['code'] === 'client-left').length;
  const leftBefore = left();
  let gone = 0;
  for (const path of ['/silent', '/endless'])
    backend.handlers.set(path, (request, response) => {
      request.socket.once('close', () => gone++);
      if (path === '/endless') response.write('beginning');
    });
  const silent = client.open({ ':path': '/silent', ctstickiness: 'key' }, { endStream: true });
  await until(() => Promise.resolve(backend.requests.length === requests + 1), 'the edge has the request');
  silent.close(8);
  const endless = client.open({ ':path': '/endless', ctstickiness: 'key' }, { endStream: true });
  endless.once('data', () => endless.close(8));
  await until(() => Promise.resolve(gone === 2), 'the edge has lost both');
  assert.equal((await client.ask('/', { ctstickiness: 'key' })).status, 200, 'the connection goes on');
  await until(() => Promise.resolve(left() === leftBefore + 2), 'both are settled as left');
});

test('an edge that breaks off its answer resets the stream, and no other', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/broken', (_request, response) => {
    response.writeHead(200, { 'content-length': '1000' });
    response.write('a part', () => response.destroy());
  });
  const other = client.ask('/', { ctstickiness: 'key' });
  const broken = await client.ask('/broken', { ctstickiness: 'key' });
  assert.deepEqual([broken.status, broken.rstCode], [200, 2]);
  assert.equal((await other).status, 200);
});

test('an answer before the end of the body is whole, and the rest of the body is not asked for', async (t) => {
  const { client, backend } = await openScene(t);
  backend.handlers.set('/refuse', (_request, response) => {
    response.writeHead(413, { connection: 'close' }).end('too much');
  });
  const stream = client.open({ ':method': 'POST', ':path': '/refuse', ctstickiness: 'key' });
  stream.write(Buffer.alloc(1_000));
  const answer = await readAnswer(stream);
  assert.deepEqual([answer.status, answer.body.toString(), answer.rstCode], [413, 'too much', 0]);
});

test('with CT_HTTP2=off clients speak HTTP/1.1', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  const { door, caPath } = await startSecureDoor(t, { backends: [backend], settings: { CT_HTTP2: 'off' } });
  const form = ['--http2', '-o', '/dev/null', '-w', '%{http_version} %{http_code}'];
  const url = `https://localhost:${door.httpsPort}/`;
  assert.equal(await curl(caPath, ...form, url), '1.1 200');
  const socket = connectTls({
    port: door.httpsPort,
    rejectUnauthorized: false,
    ALPNProtocols: ['h2', 'http/1.1'],
  });
  t.after(() => socket.destroy());
  await until(() => Promise.resolve(socket.alpnProtocol !== null), 'TLS has agreed');
  assert.equal(socket.alpnProtocol, 'http/1.1');
});
