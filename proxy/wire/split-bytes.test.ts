/** Messages through the whole wire, cut into reads at every byte, pipelined, and of every framing: the same bytes arrive. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { IncomingMessage, RequestListener } from 'node:http';
import { Readable } from 'node:stream';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import { eventually } from '../../test/support/oct-inbox.ts';
import { testOnEach } from '../../test/support/each-transport.ts';
import { Gathered, WireScene, startHttpEdge, startRawEdge } from '../../test/support/wire-scene.ts';

/** Answers with what it got: method, target, one header and the body. */
const tellBack: RequestListener = (incoming, response) => {
  let body = '';
  incoming.setEncoding('latin1').on('data', (text: string) => (body += text));
  incoming.on('end', () => {
    const told = `${incoming.method} ${incoming.url} ${incoming.headers['x-a']} ${body}`;
    response.writeHead(200, { 'content-length': told.length }).end(told);
  });
};

async function startTeller(t: TestContext): Promise<WireScene> {
  return new WireScene(t, { a: await startHttpEdge(t, tellBack) });
}

testOnEach(
  'a request split at every byte of its head and of its chunks reaches the edge the same',
  async (t) => {
    const scene = await startTeller(t);
    const requests = {
      length: 'POST /x?y HTTP/1.1\r\nHost: h\r\nX-A: 1 2\r\nContent-Length: 11\r\n\r\nhello world',
      chunked:
        'POST /x?y HTTP/1.1\r\nHost: h\r\nX-A: 1 2\r\nTransfer-Encoding: chunked\r\n\r\n6;e=1\r\nhello \r\n05\r\nworld\r\n0\r\nT: 1\r\n\r\n',
    };
    for (const [framing, bytes] of Object.entries(requests)) {
      const client = scene.openClient();
      const answers = new Gathered(client);
      for (let at = 0; at <= bytes.length; at++) {
        answers.text = '';
        if (at > 0) client.write(bytes.slice(0, at), 'latin1');
        if (at < bytes.length) client.write(bytes.slice(at), 'latin1');
        await eventually(
          () => answers.text.endsWith('POST /x?y 1 2 hello world'),
          `${framing} split at ${at}`,
        );
      }
      for (const byte of bytes) client.write(byte, 'latin1');
      answers.text = '';
      await eventually(() => answers.text.endsWith('POST /x?y 1 2 hello world'), `${framing} byte by byte`);
      assert.equal(scene.pool('a').size.open, 1, 'all went over one connection');
    }
  },
);

testOnEach('an answer split at every byte reaches the client the same', async (t) => {
  const answers = {
    length: 'HTTP/1.1 200 Fine\r\nX-A: 1 2\r\ndate: x\r\nContent-Length: 11\r\n\r\nhello world',
    chunked:
      'HTTP/1.1 200 Fine\r\nX-A: 1 2\r\ndate: x\r\nTransfer-Encoding: chunked\r\n\r\n6;e=1\r\nhello \r\n05\r\nworld\r\n0\r\nT: 1\r\n\r\n',
  };
  const expected = {
    length: answers.length,
    chunked:
      'HTTP/1.1 200 Fine\r\nX-A: 1 2\r\ndate: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\nhello \r\n05\r\nworld\r\n0\r\n\r\n',
  };
  for (const framing of ['length', 'chunked'] as const) {
    const bytes = answers[framing];
    let at = 0;
    const edge = await startRawEdge(t, (socket) => {
      socket.on('data', () => {
        if (at > 0) socket.write(bytes.slice(0, at), 'latin1');
        const rest = bytes.slice(at);
        if (rest !== '') setImmediate(() => socket.write(rest, 'latin1'));
      });
    });
    const scene = new WireScene(t, { a: edge });
    const client = scene.openClient();
    const gathered = new Gathered(client);
    for (; at <= bytes.length; at++) {
      gathered.text = '';
      client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
      await eventually(() => gathered.text.length >= expected[framing].length, `${framing} split at ${at}`);
      assert.equal(gathered.text, expected[framing]);
    }
    assert.equal(scene.pool('a').size.open, 1, 'all went over one connection');
  }
});

testOnEach(
  'pipelined requests with different keys in one read are answered in order by their own edges',
  async (t) => {
    const nameItself =
      (name: string): RequestListener =>
      (incoming, response) => {
        incoming.resume();
        const answer = (): void => void response.end(`${name}${incoming.url} `);
        // The first edge is the slower one.
        if (name === 'a') setImmediate(() => setImmediate(answer));
        else answer();
      };
    const edges = {
      a: await startHttpEdge(t, nameItself('a')),
      b: await startHttpEdge(t, nameItself('b')),
    };
    const scene = new WireScene(t, edges);
    const client = scene.openClient();
    const gathered = new Gathered(client);
    const ask = (key: string, target: string): string =>
      `GET ${target} HTTP/1.1\r\nHost: h\r\nctstickiness: ${key}\r\n\r\n`;
    const post = 'POST /3 HTTP/1.1\r\nHost: h\r\nctstickiness: b\r\nContent-Length: 5\r\n\r\nGET /';
    client.write(ask('a', '/1') + ask('b', '/2') + post + ask('a', '/4') + ask('b', '/5'));
    await eventually(() => gathered.text.includes('b/5 '), 'all are answered');
    assert.deepEqual(gathered.text.match(/[ab]\/\d(?= )/g), ['a/1', 'b/2', 'b/3', 'a/4', 'b/5']);
  },
);

interface Shape {
  readonly up: number;
  readonly down: number;
  readonly upChunked: boolean;
  readonly downFraming: 'length' | 'chunked' | 'close';
}

const size = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 70_000 }), fc.nat({ max: 1_048_576 }));
const shape: fc.Arbitrary<Shape> = fc.record({
  up: size,
  down: size,
  upChunked: fc.boolean(),
  downFraming: fc.constantFrom('length', 'chunked', 'close'),
});
const content = randomBytes(1_048_576);

testOnEach('bodies from nothing to 1 MiB of every framing arrive byte for byte, both ways', async (t) => {
  let asked: Shape | undefined;
  let received = '';
  const edge = await startHttpEdge(t, (incoming, response) => {
    const hash = createHash('sha256');
    incoming.on('data', (chunk: Buffer) => hash.update(chunk));
    incoming.on('end', () => {
      received = hash.digest('hex');
      const body = content.subarray(0, asked!.down);
      if (asked!.downFraming === 'length') response.setHeader('content-length', body.length);
      if (asked!.downFraming === 'close') {
        response.removeHeader('transfer-encoding');
        response.useChunkedEncodingByDefault = false;
      }
      response.end(body);
    });
  });
  const scene = new WireScene(t, { a: edge });
  const port = await scene.listen();
  await fc.assert(
    fc.asyncProperty(shape, async (shape) => {
      asked = shape;
      const body = content.subarray(0, shape.up);
      const headers = shape.upChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': shape.up };
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      const sent = request({ host: '127.0.0.1', port, method: 'POST', path: '/', headers });
      sent.once('response', resolve).once('error', reject).end(body);
      const answer = await promise;
      const hash = createHash('sha256');
      for await (const chunk of answer as AsyncIterable<Buffer>) hash.update(chunk);
      assert.equal(received, digest(body));
      assert.equal(hash.digest('hex'), digest(content.subarray(0, shape.down)));
    }),
    { numRuns: 60 },
  );
  const answered = scene.outcomes.map((outcome) => outcome.kind);
  assert.deepEqual([...new Set(answered)], ['answered']);
});

testOnEach('a body of 64 MiB arrives byte for byte, both ways', async (t) => {
  const block = randomBytes(1_048_576);
  const blocks = 64;
  const whole = createHash('sha256');
  for (let i = 0; i < blocks; i++) whole.update(block);
  const expected = whole.digest('hex');
  const edge = await startHttpEdge(t, (incoming, response) => {
    const hash = createHash('sha256');
    incoming.on('data', (chunk: Buffer) => hash.update(chunk));
    incoming.on('end', () => {
      response.setHeader('x-digest', hash.digest('hex'));
      Readable.from(repeat(block, blocks)).pipe(response);
    });
  });
  const scene = new WireScene(t, { a: edge });
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request({ host: '127.0.0.1', port: await scene.listen(), method: 'POST', path: '/' });
  sent.once('response', resolve).once('error', reject);
  Readable.from(repeat(block, blocks)).pipe(sent);
  const answer = await promise;
  const hash = createHash('sha256');
  for await (const chunk of answer as AsyncIterable<Buffer>) hash.update(chunk);
  assert.equal(answer.headers['x-digest'], expected);
  assert.equal(hash.digest('hex'), expected);
});

function* repeat(block: Buffer, times: number): Generator<Buffer> {
  for (let i = 0; i < times; i++) yield block;
}

testOnEach(
  'many large answers at once, to clients that read at their own pace, are never mixed up',
  async (t) => {
    const bodies = Array.from({ length: 8 }, () => randomBytes(600_000));
    const edge = await startHttpEdge(t, (incoming, response) => {
      response.end(bodies[Number(incoming.url!.slice(1))]);
    });
    const scene = new WireScene(t, { a: edge });
    const port = await scene.listen();
    const fetchOne = async (number: number, agent: Agent): Promise<void> => {
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
      request({ host: '127.0.0.1', port, path: `/${number}`, agent })
        .once('response', resolve)
        .once('error', reject)
        .end();
      const answer = await promise;
      const hash = createHash('sha256');
      let chunks = 0;
      for await (const chunk of answer as AsyncIterable<Buffer>) {
        hash.update(chunk);
        // Some stop reading for a few turns: what waits for them is in memory that later reads must not touch.
        if (++chunks % (number + 2) === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      assert.equal(hash.digest('hex'), digest(bodies[number]!));
    };
    const agent = new Agent({ keepAlive: true });
    t.after(() => agent.destroy());
    for (let round = 0; round < 5; round++) {
      await Promise.all(bodies.map(async (_, number) => await fetchOne(number, agent)));
    }
  },
);

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
