/** How a connection of a client goes on or ends: bodies that are asked for, refused or broken, and answers that are the last. */
import assert from 'node:assert/strict';
import { eventually } from '../../test/support/oct-inbox.ts';
import { testOnEach } from '../../test/support/each-transport.ts';
import { Gathered, WireScene, ownBodyMaxBytes, startRawEdge } from '../../test/support/wire-scene.ts';

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';

function answer(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

testOnEach('a client that reads late gets the whole of its last answer', async (t) => {
  // Sizes at which the last piece waits in our socket, though not so much that the exchange does.
  const pieces = [60_000, 17_000, 20_000].map((size) => 'x'.repeat(size));
  const length = pieces.join('').length;
  const edge = await startRawEdge(t, (socket) =>
    socket.once('data', () => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
      const next = (): void => {
        const piece = pieces.shift();
        if (piece !== undefined) socket.write(piece, () => setImmediate(() => setImmediate(next)));
      };
      next();
    }),
  );
  const scene = new WireScene(t, { a: edge });
  const client = scene.openClient();
  client.write(get.replace('Host', 'Connection: close\r\nHost'));
  await eventually(() => scene.outcomes.length === 1, 'the exchange is over');
  scene.clockAheadMs += 5_000;
  scene.wheel.tick();
  const seen = new Gathered(client);
  await eventually(() => seen.hasEnded, 'the connection ends');
  assert.equal(seen.text.slice(seen.text.indexOf('\r\n\r\n') + 4).length, length);
});

testOnEach('while the front door stops, an answer says that its connection ends', async (t) => {
  const edge = await startRawEdge(t, (socket) =>
    socket.on('data', () => {
      scene.isStopping = true;
      socket.write(answer('own'));
    }),
  );
  const scene = new WireScene(t, { a: edge });
  const client = scene.openClient();
  const seen = new Gathered(client);
  client.write(get);
  await eventually(() => seen.hasEnded, 'the connection ends');
  assert.match(seen.text, /\r\nconnection: close\r\n\r\nown$/);
});

testOnEach('a client that asks to go on is told by the front door, once its body is wanted', async (t) => {
  let bodies = '';
  const edge = await startRawEdge(t, (socket) =>
    socket.on('data', (chunk: Buffer) => {
      bodies += chunk.toString();
      if (bodies.endsWith('hello')) socket.write(answer('own'));
    }),
  );
  const client = new WireScene(t, { a: edge }).openClient();
  const seen = new Gathered(client);
  client.write('POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
  await eventually(() => seen.text === 'HTTP/1.1 100 Continue\r\n\r\n', 'it is told to go on');
  client.write('hello');
  await eventually(() => seen.text.endsWith('own'), 'the answer is there');
  assert.equal(/expect/i.test(bodies), false);
});

testOnEach(
  'a body that the front door takes for itself has a bound, and is answered when it breaks',
  async (t) => {
    const scene = new WireScene(t, {});
    const kept = scene.openClient();
    const told = new Gathered(kept);
    const ask = async (bytes: string, ending: string): Promise<string> => {
      told.text = '';
      kept.write(bytes);
      await eventually(() => told.text.endsWith(ending), ending);
      return told.text;
    };
    const own = (body: string): string =>
      `OPTIONS / HTTP/1.1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    await ask(own('hello'), '\r\n\r\nhello');
    await ask(own('x'.repeat(ownBodyMaxBytes)), 'xx');
    const unfinished = own('x'.repeat(2 * ownBodyMaxBytes)).slice(0, -1);
    const large = await ask(unfinished, 'body-too-large');
    assert.match(large, /^HTTP\/1\.1 413 [\s\S]*connection: close/);
    const client = scene.openClient();
    const seen = new Gathered(client);
    client.write('OPTIONS / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n');
    await eventually(() => seen.text.endsWith('framing-ambiguous'), 'it is refused');
  },
);

testOnEach('who sends many requests at once is served one in a turn, and others meanwhile', async (t) => {
  const scene = new WireScene(t, {});
  const order: string[] = [];
  const conduct = scene.conduct.bind(scene);
  scene.conduct = async (wire) => {
    order.push(wire.head.target);
    await conduct(wire);
  };
  const many = 1_000;
  const ask = (path: string): string => `OPTIONS ${path} HTTP/1.1\r\nHost: h\r\n\r\n`;
  const [greedy, other] = [scene.openClient(), scene.openClient()];
  const seen = new Gathered(greedy);
  greedy.write(ask('/greedy').repeat(many));
  setImmediate(() => other.write(ask('/other')));
  await eventually(() => order.length === many + 1, 'all are answered');
  assert.ok(order.indexOf('/other') < 10, `at ${order.indexOf('/other')}`);
  await eventually(() => seen.text.split('HTTP/1.1 200').length === many + 1, 'in their order, none twice');
});
