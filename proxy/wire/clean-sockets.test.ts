/** No socket of a pool serves a stale byte, whatever its edge or its client did before; nor hangs, nor is lost. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { TestContext } from 'node:test';
import type { Settings } from '#shared/settings/schema.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { testOnEach } from '../../test/support/each-transport.ts';
import { Gathered, WireScene, startRawEdge } from '../../test/support/wire-scene.ts';

const get = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const upload = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\npart';

function answer(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

type Serve = (socket: Socket, asked: number, connection: number) => void;

interface Stage {
  readonly scene: WireScene;
  readonly client: Duplex;
  readonly seen: Gathered;
  /** Asks and waits for the end of the answer. */
  readonly ask: (bytes: string, ending: string) => Promise<string>;
}

/** An edge that is asked by reads; `serve` hears of each with its number on the connection. */
async function setStage(t: TestContext, serve: Serve, settings: Partial<Settings> = {}): Promise<Stage> {
  const edge = await startRawEdge(t, (socket, connection) => {
    let asked = 0;
    socket.on('data', () => serve(socket, asked++, connection));
  });
  const scene = new WireScene(t, { a: edge }, settings);
  const client = scene.openClient();
  const seen = new Gathered(client);
  const ask = async (bytes: string, ending: string): Promise<string> => {
    seen.text = '';
    client.write(bytes);
    await eventually(() => seen.text.endsWith(ending), `an answer that ends with ${ending}`);
    return seen.text;
  };
  return { scene, client, seen, ask };
}

testOnEach('a clean connection is used again', async (t) => {
  const { scene, ask } = await setStage(t, (socket, asked) => socket.write(answer(`own ${asked}`)));
  for (let i = 0; i < 5; i++) await ask(get, `own ${i}`);
  assert.deepEqual(scene.pool('a').size, { open: 1, free: 1, waiting: 0 });
});

testOnEach('what an edge sends behind its answer never becomes the next answer', async (t) => {
  const extras = { 'a whole answer': answer('stale'), 'a byte': 'x', 'an empty line': '\r\n' };
  for (const [name, extra] of Object.entries(extras)) {
    const { scene, ask } = await setStage(t, (socket, _asked, connection) =>
      socket.write(answer(`own ${connection}`) + extra),
    );
    await ask(get, 'own 0');
    assert.equal(scene.pool('a').size.free, 0, name);
    await ask(get, 'own 1');
  }
});

testOnEach('bytes on an idle connection end it', async (t) => {
  let edge: Socket | undefined;
  const { scene, ask } = await setStage(t, (socket, _asked, connection) => {
    edge ??= socket;
    socket.write(answer(`own ${connection}`));
  });
  await ask(get, 'own 0');
  edge!.write(answer('stale'));
  await eventually(() => scene.pool('a').size.open === 0, 'the connection is gone');
  await ask(get, 'own 1');
});

testOnEach(
  'a client that leaves in the middle of an answer takes its upstream connection along, and others get their own bytes',
  async (t) => {
    const { scene, client, seen } = await setStage(t, (socket, _asked, connection) =>
      connection === 0
        ? socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
        : socket.write(answer('own')),
    );
    client.write(get);
    await eventually(() => seen.text.endsWith('half'), 'half an answer');
    client.destroy();
    await eventually(() => scene.pool('a').size.open === 0, 'the connection is gone');
    assert.deepEqual(
      scene.outcomes.map((outcome) => outcome.kind === 'failed' && [outcome.code, outcome.reached]),
      [['client-left', 'client']],
    );
    const next = scene.openClient();
    const gathered = new Gathered(next);
    next.write(get);
    await eventually(() => gathered.text.endsWith('own'), 'an answer of its own');
  },
);

testOnEach(
  'a client that leaves before the answer, or in the middle of its upload, leaves nothing behind',
  async (t) => {
    for (const bytes of [get, upload]) {
      let asked = 0;
      const { scene, client } = await setStage(t, () => asked++);
      client.write(bytes);
      await eventually(() => asked > 0, 'the edge was asked');
      client.destroy();
      await eventually(() => scene.pool('a').size.open === 0, 'the connection is gone');
      await eventually(() => scene.outcomes.length === 1, 'the exchange is over');
      assert.equal(scene.connections.size, 0);
    }
  },
);

testOnEach(
  'an edge that answers before the upload is over gets no second exchange on that connection',
  async (t) => {
    const { scene, ask, seen } = await setStage(t, (socket, asked, connection) => {
      if (asked === 0) socket.write(answer(`early ${connection}`));
    });
    const text = await ask(upload, 'early 0');
    assert.match(text, /\r\nconnection: close\r\n/);
    await eventually(() => scene.pool('a').size.open === 0, 'the connection is gone');
    await eventually(() => seen.hasEnded, 'the client’s connection ends, too');
  },
);

testOnEach('a connection that was paused for a slow client serves the next exchange', async (t) => {
  const large = 'x'.repeat(3_000_000);
  const { scene, client, ask } = await setStage(t, (socket, asked) =>
    socket.write(asked === 0 ? answer(large) : answer('next')),
  );
  client.pause();
  client.write(get);
  await eventually(() => scene.pool('a').size.open === 1, 'the edge is asked');
  const paused = new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
  await paused;
  client.resume();
  await eventually(() => scene.outcomes.length === 1, 'the first is over');
  await ask(get, 'next');
});

testOnEach('an answer that says close, or ends with the connection, ends the connection', async (t) => {
  const closing = {
    close: answer('own', 'Connection: close\r\n'),
    'HTTP/1.0': answer('own').replace('1.1', '1.0'),
  };
  for (const [name, bytes] of Object.entries(closing)) {
    const { scene, ask } = await setStage(t, (socket) => socket.write(bytes));
    await ask(get, 'own');
    assert.equal(scene.pool('a').size.open, 0, name);
  }
  const { scene, ask } = await setStage(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'));
  assert.match(
    await ask(get, '0\r\n\r\n'),
    /transfer-encoding: chunked[\s\S]*\r\n9\r\nall of it\r\n0\r\n\r\n$/,
  );
  assert.equal(scene.pool('a').size.open, 0);
});

testOnEach(
  'an edge that closed a kept connection is asked again on a new one, where the request may be sent twice',
  async (t) => {
    const serve: Serve = (socket, asked, connection) =>
      asked === 0 ? socket.write(answer(`own ${connection}`)) : socket.destroy();
    const { scene, ask } = await setStage(t, serve);
    await ask(get, 'own 0');
    await ask(get, 'own 1');
    await ask('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n', 'upstream-broken');
    const last = scene.outcomes.at(-1)!;
    assert.deepEqual(last.kind === 'failed' && [last.code, last.reached], ['upstream-broken', 'upstream']);
  },
);

testOnEach('interim answers are dropped, an upgrade that nobody asked for is not one', async (t) => {
  const interim = 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n';
  const { ask } = await setStage(t, (socket) => socket.write(interim + answer('own')));
  assert.match(await ask(get, 'own'), /^HTTP\/1\.1 200 OK\r\n/);
  await ask(get, 'own');
  const upgraded = await setStage(t, (socket) =>
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
  );
  await upgraded.ask(get, 'upstream-broken');
});

testOnEach(
  'answers without a body by their kind leave the connection in step, whatever they declare',
  async (t) => {
    const { ask, scene } = await setStage(t, (socket, asked) => {
      if (asked === 0) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n');
      else if (asked === 1) socket.write('HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
      else if (asked === 2) socket.write('HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n');
      else socket.write(answer('own'));
    });
    await ask(get.replace('GET', 'HEAD'), '\r\n\r\n');
    await ask(get, '\r\n\r\n');
    await ask(get, '\r\n\r\n');
    await ask(get, 'own');
    assert.equal(scene.pool('a').size.open, 1);
  },
);

testOnEach('an answer that two readers could read differently is none', async (t) => {
  const heads = [
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    'HTTP/1.1 200 OK\nContent-Length: 3\r\n\r\nabc',
    'HTTP/1.1 200 OK\r\nX-A: 1\r\n folded\r\n\r\n',
    'HTTP/2 200 OK\r\n\r\n',
  ];
  for (const head of heads) {
    const { ask, scene } = await setStage(t, (socket) => socket.write(head));
    await ask(get, 'upstream-broken');
    assert.equal(scene.pool('a').size.open, 0, JSON.stringify(head));
  }
});

testOnEach(
  'chunks that break the rules in the middle of an answer break it off for the client',
  async (t) => {
    const { scene, client, seen } = await setStage(t, (socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
      setImmediate(() => socket.write('zz\r\n'));
    });
    client.write(get);
    await eventually(() => seen.hasEnded, 'the client is cut off');
    assert.equal(seen.text.endsWith('0\r\n\r\n'), false);
    assert.equal(scene.pool('a').size.open, 0);
  },
);

testOnEach(
  'exchanges beyond the bound of connections wait their turn, not too many and not for ever',
  async (t) => {
    const waiting: Socket[] = [];
    const { scene } = await setStage(t, (socket) => waiting.push(socket), {
      CT_UPSTREAM_CONNECTIONS_MAX: 1,
      CT_CONNECT_TIMEOUT_MS: 300,
    });
    const clients = Array.from({ length: 7 }, () => new Gathered(askOn(scene)));
    await eventually(() => waiting.length === 1, 'the edge is asked');
    const busy = (): number => clients.filter(({ text }) => text.endsWith('edge-busy')).length;
    await eventually(() => busy() === 2, 'two find no place in the line');
    assert.deepEqual(scene.pool('a').size, { open: 1, free: 0, waiting: 4 });
    waiting.shift()!.write(answer('own'));
    await eventually(() => waiting.length === 1, 'the next one’s turn');
    await eventually(() => busy() === 5, 'three waited too long');
    waiting.shift()!.write(answer('own'));
    await eventually(
      () => clients.filter(({ text }) => text.endsWith('own')).length === 2,
      'two were served',
    );
  },
);

testOnEach('the connection that was used last is used first', async (t) => {
  const held: Socket[] = [];
  const { scene } = await setStage(t, (socket, _asked, connection) => {
    if (held.push(socket) === 2) held.forEach((socket, i) => socket.write(answer(`first ${i}`)));
    if (held.length > 2) socket.write(answer(`again ${connection}`));
  });
  const clients = [askOn(scene), askOn(scene)].map((client) => new Gathered(client));
  await eventually(() => clients.every(({ text }) => text.includes('first')), 'both are answered');
  assert.equal(scene.pool('a').size.free, 2);
  const seen = new Set<string>();
  for (let i = 0; i < 4; i++) {
    const gathered = new Gathered(askOn(scene));
    await eventually(() => gathered.text.includes('again'), 'an answer');
    seen.add(gathered.text.slice(-7));
  }
  assert.equal(seen.size, 1);
});

function askOn(scene: WireScene): Duplex {
  const client = scene.openClient();
  client.write(get);
  return client;
}
