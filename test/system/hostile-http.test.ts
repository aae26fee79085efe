/**
 * Hostile requests, byte by byte against a real front door: each is refused with a clear status and code,
 * never reaches the backend, and leaves its connection closed or in step. The attacks of
 * `proxy/core/request-gate.ts`, `proxy/core/affinity-key.ts` and of the parser below them.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { ask, startFrontDoor, until } from '../support/front-door.ts';
import type { FrontDoor } from '../support/front-door.ts';
import { framingAttacks, goodHead, grammarAttacks, refusedRequests } from '../support/hostile-requests.ts';
import type { Attack } from '../support/hostile-requests.ts';
import { openRaw } from '../support/raw-connection.ts';
import type { RawAnswer, RawConnection } from '../support/raw-connection.ts';
import { startStaticBackend, valuesOf } from '../support/static-backend.ts';
import type { StaticBackend } from '../support/static-backend.ts';

// One front door takes a whole table of attacks: what one of them breaks must show in the next.
test('a request whose end or grammar is in doubt is refused, and its connection with it', async (t) => {
  const { door, backend } = await start(t);
  for (const attack of [...framingAttacks, ...grammarAttacks]) {
    await t.test(attack.name, async (t) => {
      const connection = await attackWith(t, door, attack.bytes);
      assertRefused(await connection.answer(), attack);
      await connection.whenEnded();
      assert.equal(connection.pending.length, 0, 'one answer and no more');
      assert.deepEqual(backend.requests, [], 'nothing reached the backend');
    });
  }
  assert.equal((await ask(door, '/after')).status, 200);
});

test('a request that is refused for what it says leaves its connection in step', async (t) => {
  const { door, backend } = await start(t);
  for (const attack of refusedRequests) {
    await t.test(attack.name, async (t) => {
      const after = `GET /after HTTP/1.1\r\n${goodHead}\r\n`;
      const connection = await attackWith(t, door, attack.bytes + after);
      assertRefused(await connection.answer(), attack);
      const next = await connection.answer();
      assert.deepEqual([next.status, readTarget(next)], [200, '/after']);
      assert.deepEqual([...new Set(backend.requests.map(({ target }) => target))], ['/after']);
    });
  }
});

test('a bad cookie is taken back, so that its browser is not refused for ever', async (t) => {
  const { door } = await start(t);
  const refused = await ask(door, '/', { headers: { cookie: 'ctstickiness=%%%' } });
  assert.equal(refused.status, 400);
  assert.deepEqual(refused.headers['set-cookie'], [
    'ctstickiness=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
  ]);
});

test('a head that is too large gets 431, however it is made up', async (t) => {
  const { door, backend } = await start(t);
  const heads = {
    'one long value': `GET /x HTTP/1.1\r\n${goodHead}X-A: ${'a'.repeat(200_000)}\r\n\r\n`,
    'a long target': `GET /${'a'.repeat(200_000)} HTTP/1.1\r\n${goodHead}\r\n`,
    'a long name': `GET /x HTTP/1.1\r\n${goodHead}${'a'.repeat(200_000)}: 1\r\n\r\n`,
    'more lines than any client needs': `GET /x HTTP/1.1\r\n${goodHead}${'a:\r\n'.repeat(1_500)}Host: other\r\n\r\n`,
    'many long lines': `GET /x HTTP/1.1\r\n${goodHead}${'X-A: aaaaaaaaaaaaaaaaaaaaaaaa\r\n'.repeat(7_000)}\r\n`,
  };
  for (const [name, bytes] of Object.entries(heads)) {
    const connection = await attackWith(t, door, bytes);
    const code = /^(more|many)/.test(name) ? 'fields-too-many' : 'head-too-large';
    assertRefused(await connection.answer(), { name, bytes, status: 431, code });
    await connection.whenEnded();
  }
  assert.deepEqual(backend.requests, []);
});

test('internal and forwarded headers of a client never reach a backend', async (t) => {
  const { door, backend } = await start(t);
  const forged = [
    'X-CT-Key: k\r\nx-ct-epoch: 99\r\nX-Ct-Edge: a:1\r\nx-ct-pass: p\r\nX-CT-Anything: 1',
    'X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nX-Real-IP: 203.0.113.9',
    'X-Forwarded-Host: evil\r\nX-Forwarded-Proto: https\r\nProxy-Authorization: Basic eA==\r\nTE: trailers',
    'Connection: keep-alive, x-hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close',
  ];
  const connection = await attackWith(
    t,
    door,
    `GET /x HTTP/1.1\r\n${goodHead}${forged.join('\r\n')}\r\n\r\n`,
  );
  assert.equal((await connection.answer()).status, 200);
  const [request] = backend.requests;
  const names = request!.headers.filter((_, i) => i % 2 === 0);
  const strange = names.filter((name) =>
    /^(x-ct-|proxy-|keep-alive|te$|x-hop|x-forwarded-(?!for|proto|host))/.test(name),
  );
  assert.deepEqual(strange, []);
  assert.deepEqual(valuesOf(request!, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(valuesOf(request!, 'x-forwarded-host'), [door.host]);
  assert.deepEqual(valuesOf(request!, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(valuesOf(request!, 'x-real-ip'), ['127.0.0.1']);
  assert.equal(backend.rawText.includes('203.0.113.9'), false);
});

test('an absolute target that agrees with Host is forwarded as a path', async (t) => {
  const { door } = await start(t);
  const connection = await attackWith(t, door, `GET http://HOST/x?a=1 HTTP/1.1\r\n${goodHead}\r\n`);
  assert.equal(readTarget(await connection.answer()), '/x?a=1');
});

test('chunk extensions and trailers end at the front door, the body goes on', async (t) => {
  const { door, backend } = await start(t);
  const body =
    '5;ext=evil\r\nhello\r\n1;a="\\"b"\r\n!\r\n0;last=evil\r\nX-CT-Key: evil\r\nctstickiness: evil\r\n\r\n';
  const bytes = `POST /x HTTP/1.1\r\n${goodHead}Transfer-Encoding: chunked\r\n\r\n${body}`;
  const connection = await attackWith(t, door, `${bytes}GET /after HTTP/1.1\r\n${goodHead}\r\n`);
  assert.equal(JSON.parse((await connection.answer()).body).body, 'hello!');
  assert.equal(readTarget(await connection.answer()), '/after');
  assert.equal(backend.rawText.includes('evil'), false);
});

test('a chunked body that breaks the grammar half-way is refused and never completes at the backend', async (t) => {
  const { door, backend } = await start(t);
  const bodies = {
    'a size that is no number': 'zz\r\nhello\r\n0\r\n\r\n',
    'a size with a sign': '+5\r\nhello\r\n0\r\n\r\n',
    'a size in another notation': '0x5\r\nhello\r\n0\r\n\r\n',
    'a size beyond all numbers': 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n',
    'a bare LF after the size': '5\nhello\r\n0\r\n\r\n',
    'a chunk longer than its size': '5\r\nhello!\r\n0\r\n\r\n',
    'a bare LF after the data': '5\r\nhello\n0\r\n\r\n',
  };
  for (const [name, body] of Object.entries(bodies)) {
    const bytes = `POST /x HTTP/1.1\r\n${goodHead}Transfer-Encoding: chunked\r\n\r\n${body}`;
    const connection = await attackWith(t, door, bytes);
    const answer = await connection.answer();
    assert.equal(answer.status, 400, name);
    await connection.whenEnded();
  }
  await until(async () => (await door.metric('ct_proxy_exchanges_open')) === 0, 'all exchanges are settled');
  assert.deepEqual(backend.requests, []);
});

test('pipelined requests are answered in order, also when the first is slower and the second malformed', async (t) => {
  const { door, backend } = await start(t);
  let finish: (() => void) | undefined;
  backend.handlers.set('/slow', (_request, response) => {
    response.writeHead(200, { 'content-length': 10 });
    response.write('first');
    finish = () => response.end('-half');
  });
  const first = `GET /slow HTTP/1.1\r\n${goodHead}\r\n`;
  const pair = await attackWith(t, door, `${first}GET /second HTTP/1.1\r\n${goodHead}\r\n`);
  await until(() => Promise.resolve(finish !== undefined && pair.pending.includes('first')), 'it has begun');
  finish!();
  assert.equal((await pair.answer()).body, 'first-half');
  assert.equal(readTarget(await pair.answer()), '/second');

  finish = undefined;
  const broken = await attackWith(t, door, `${first}GET /second HTTP/1.1\r\nHost : HOST\r\n\r\n`);
  await until(
    () => Promise.resolve(finish !== undefined && broken.pending.includes('first')),
    'it has begun',
  );
  finish!();
  assert.equal((await broken.answer()).body, 'first-half', 'a refusal never lands inside another answer');
  assert.equal((await broken.answer()).status, 400);
  await broken.whenEnded();
});

test('requests sent ahead wait for their turn, however many, and are answered in order', async (t) => {
  const { door, backend } = await start(t);
  let release: (() => void) | undefined;
  backend.handlers.set('/first', (_request, response) => (release = () => response.end('first')));
  const eager = await attackWith(t, door, `GET /first HTTP/1.1\r\n${goodHead}\r\n`);
  await until(() => Promise.resolve(release !== undefined), 'the first request waits for its answer');
  const seen = backend.requests.length;
  // More than the front door reads ahead, and than one read brings.
  const many = Array.from({ length: 3_000 }, (_, i) => `GET /${i} HTTP/1.1\r\n${goodHead}\r\n`).join('');
  eager.send(many.replaceAll('HOST', door.host));
  assert.equal((await ask(door, '/other', { headers: { ctstickiness: 'k' } })).status, 200);
  assert.equal(backend.requests.length, seen + 1, 'none of those behind the first was started');
  release!();
  assert.equal((await eager.answer()).body, 'first');
  for (let i = 0; i < 3_000; i++) assert.equal(readTarget(await eager.answer()), `/${i}`);
});

test('a client that sends a large body is told why it is refused', async (t) => {
  const { door, backend } = await start(t);
  for (let i = 0; i < 5; i++) {
    const body = Buffer.alloc(8 * 1_048_576, 'a');
    const refused = await ask(door, '/x', { method: 'POST', headers: { ctstickiness: 'a b' }, body });
    assert.deepEqual([refused.status, refused.json.code], [400, 'key-invalid']);
  }
  assert.deepEqual(backend.requests, []);
});

test('an exchange is told apart from others in the refusal and in the log, which never shows the key', async (t) => {
  const { door } = await start(t);
  const refused = await ask(door, '/?ctstickiness=other', { headers: { ctstickiness: 'secret-key' } });
  const { exchange } = JSON.parse(refused.text) as { exchange: string };
  const line = await door.log.next((entry) => entry['exchange'] === exchange, 'the log line of the refusal');
  assert.deepEqual([line.event, line['status'], line['code']], ['exchange.settled', 400, 'key-conflict']);
  await ask(door, '/', { headers: { ctstickiness: 'secret-key' } });
  await door.log.next((entry) => entry['status'] === 200, 'the log line of the exchange');
  assert.equal(JSON.stringify(door.log.items).includes('secret-key'), false);
});

async function start(t: TestContext): Promise<{ door: FrontDoor; backend: StaticBackend }> {
  const backend = await startStaticBackend(t, 'a');
  return { backend, door: await startFrontDoor(t, { backends: [backend] }) };
}

async function attackWith(t: TestContext, door: FrontDoor, bytes: string): Promise<RawConnection> {
  const connection = await openRaw(t, door.port);
  connection.send(bytes.replaceAll('HOST', door.host));
  return connection;
}

function assertRefused(answer: RawAnswer, attack: Attack): void {
  assert.equal(answer.status, attack.status, answer.body);
  assert.match(answer.headers['content-type'] ?? '', /^application\/json/);
  const { code, message } = JSON.parse(answer.body) as { code: string; message: string };
  assert.equal(code, attack.code);
  assert.ok(message.length > 0);
}

function readTarget(answer: RawAnswer): string {
  return (JSON.parse(answer.body) as { target: string }).target;
}
