/** How connections of HTTP/2 end: at a stop and at a replacement of the front door no stream is lost that was on its way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { Authority } from '../support/certificate.ts';
import { until } from '../support/front-door.ts';
import { clientFrame, openHttp2, readAnswer, startSecureDoor } from '../support/http2-client.ts';
import type { Http2Client } from '../support/http2-client.ts';
import { errorCode, frameType, openFrames, ping, request, requestFields } from '../support/http2-frames.ts';
import { eventually } from '../support/oct-inbox.ts';
import { startPool } from '../support/pool.ts';
import type { Pool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import { startStaticBackend } from '../support/static-backend.ts';

const askIntervalMs = 20;

test('a front door that stops says GOAWAY, and an answer that is under way comes to its end', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  let finish = (): void => undefined;
  backend.handlers.set('/slow', (_request, response) => {
    response.write('begun ');
    finish = () => void response.end('ended');
  });
  const { door, caPath } = await startSecureDoor(t, {
    backends: [backend],
    settings: { CT_STOP_GRACE_MS: '10000' },
  });
  const client = await openHttp2(t, door.httpsPort, caPath);
  const stream = client.open({ ':path': '/slow', ctstickiness: 'key' }, { endStream: true });
  let text = '';
  stream.on('data', (bytes: Buffer) => (text += bytes.toString()));
  const answer = readAnswer(stream);
  await until(() => Promise.resolve(text === 'begun '), 'the answer has begun');
  process.kill(door.pid, 'SIGTERM');
  await until(() => Promise.resolve(client.goaway !== undefined), 'the client is told');
  assert.equal(client.goaway!.code, 0);
  finish();
  const { body, rstCode } = await answer;
  assert.deepEqual([body.toString(), rstCode], ['begun ended', 0]);
  await until(() => Promise.resolve(client.isClosed), 'the connection is closed');
});

test('GOAWAY names the last stream that is served, so that what was on its way can be sent again', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  let finish = (): void => undefined;
  backend.handlers.set('/slow', (_request, response) => {
    finish = () => void response.end('ended');
  });
  const { door } = await startSecureDoor(t, {
    backends: [backend],
    settings: { CT_STOP_GRACE_MS: '10000' },
  });
  const connection = await openFrames(t, door.httpsPort);
  connection.send(request(1, requestFields('/slow')));
  await until(() => Promise.resolve(backend.requests.length === 1), 'the edge has the request');
  process.kill(door.pid, 'SIGTERM');
  await connection.when(() => connection.goaway === 0, 'the client is told');
  const lastStream = connection.frames.find(({ type }) => type === frameType.goaway)!.payload.readUInt32BE(0);
  assert.equal(lastStream, 1);
  connection.send(request(3, requestFields('/')), ping());
  await connection.when(() => connection.pongs === 1, 'the front door has read it');
  finish();
  await connection.when(() => connection.hasEndOf(1), 'the first is answered');
  await connection.whenEnded();
  assert.equal(connection.statusOf(3), undefined);
  assert.equal(backend.requests.length, 1, 'the second reached no edge');
});

test('a client that takes no notice of GOAWAY is cut when the grace is over', async (t) => {
  const backend = await startStaticBackend(t, 'only');
  backend.handlers.set('/silent', () => undefined);
  const { door } = await startSecureDoor(t, { backends: [backend], settings: { CT_STOP_GRACE_MS: '500' } });
  const connection = await openFrames(t, door.httpsPort);
  connection.send(request(1, requestFields('/silent')));
  await until(() => Promise.resolve(backend.requests.length === 1), 'the edge has the request');
  process.kill(door.pid, 'SIGTERM');
  await connection.whenEnded();
});

/** Asks every few milliseconds on a connection for as long as that takes streams; returns what failed once it is stopped. */
function askOn(
  t: TestContext,
  pool: Pool,
  caPath: string,
): () => Promise<{ connections: number; failed: string[] }> {
  const failed: string[] = [];
  let [asked, answered, connections] = [0, 0, 0];
  let client: Promise<Http2Client> | undefined;
  const ask = async (): Promise<void> => {
    if (client === undefined || (await client).session.closed) {
      connections++;
      client = openHttp2(t, pool.ports['https']!, caPath);
    }
    const answer = await (await client).ask('/ct-health/', { ctstickiness: `ask-${asked % 50}` });
    // As every client does: it was not served, and may be sent again (RFC 9113 section 8.7).
    if (answer.rstCode === errorCode.refused) return await ask();
    if (answer.status !== 200) failed.push(`status ${answer.status}, reset ${answer.rstCode}`);
  };
  const asking = setInterval(() => {
    asked++;
    void ask()
      .catch((error: unknown) => failed.push(String(error)))
      .finally(() => answered++);
  }, askIntervalMs);
  t.after(() => clearInterval(asking));
  return async () => {
    clearInterval(asking);
    await eventually(() => answered === asked, 'all is answered');
    return { connections, failed };
  };
}

test('a front door is replaced under load over HTTP/2: no stream is lost, and a WebSocket stays', async (t) => {
  const authority = new Authority(t);
  const { certPath, keyPath } = authority.sign('DNS:localhost,IP:127.0.0.1');
  const caPath = authority.own.certPath;
  const pool = await startPool(t, { env: { CT_EDGES: '2', CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath } });
  const client = await openHttp2(t, pool.ports['https']!, caPath);
  const { stream } = await client.openWebSocket('/y/our-key/notes');
  const received: Buffer[] = [];
  stream.on('data', (bytes: Buffer) => received.push(bytes));
  await eventually(() => received.length > 0, 'the edge has begun to speak');
  const stop = askOn(t, pool, caPath);
  for (let round = 1; round <= 2; round++) {
    const { code, stderr } = await runCommand(t, ['restart', '--front-door', '--data-dir', pool.dataDir]);
    assert.equal(code, 0, stderr);
  }
  const { connections, failed } = await stop();
  assert.deepEqual(failed, []);
  assert.ok(connections >= 3, `${connections} connections`);
  assert.notEqual(client.goaway, undefined, 'the first front door has said that it goes');
  const before = Buffer.concat(received).length;
  stream.write(clientFrame(9, Buffer.from('still there')));
  await eventually(() => Buffer.concat(received).length > before, 'the edge answers');
  stream.end(clientFrame(8, Buffer.from([0x03, 0xe8])));
  const retired = (): number =>
    pool.lines.filter(({ event, code }) => event === 'child.retired' && code === 0).length;
  await eventually(() => retired() === 2, 'those that were replaced end with their last stream');
});
