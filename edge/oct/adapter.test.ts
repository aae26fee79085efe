/** The clients' own libraries, of both releases and mixed, talk to each other over an edge as over any server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SocketIoTransportProvider } from 'open-collaboration-protocol';
import { SocketIoTransportProvider as SocketIoTransportProvider030 } from 'open-collaboration-protocol-030';
import { joinSession } from '../../test/support/oct-client.ts';
import type { OctRelease } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import {
  clientOptions,
  countEvents,
  enterGuest,
  enterHost,
  heardBy,
  hears,
} from '../../test/support/oct-session.ts';

const pairs: readonly (readonly [OctRelease, OctRelease])[] = [
  ['0.3.3', '0.3.3'],
  ['0.3.0', '0.3.0'],
  ['0.3.0', '0.3.3'],
  ['0.3.3', '0.3.0'],
];

for (const [hostRelease, guestRelease] of pairs) {
  test(`a host of release ${hostRelease} and a guest of ${guestRelease} work together`, async (t) => {
    const edge = await startOctEdge(t);
    const ann = await enterHost(t, edge, { release: hostRelease });
    const bob = await enterGuest(t, edge, ann.key, { release: guestRelease });
    assert.equal(ann.self.host, true);
    assert.equal(bob.self.host, false);
    assert.equal(bob.self.email, 'bob@example.org');

    ann.connection.fs.onReadFile((_origin, path) => ({
      content: new TextEncoder().encode(`text of ${path}`),
    }));
    const file = await bob.connection.fs.readFile(ann.self.id, 'src/a.ts');
    assert.equal(new TextDecoder().decode(file.content), 'text of src/a.ts');

    await ann.connection.room.updatePermissions({ readonly: true });
    const told = await bob.events.next((event) => event.kind === 'permissions', 'a broadcast');
    assert.deepEqual(told, { kind: 'permissions', from: ann.self.id, permissions: { readonly: true } });
    await bob.connection.editor.open(ann.self.id, 'src/b.ts');
    const opened = await ann.events.next((event) => event.kind === 'opened', 'a notification');
    assert.deepEqual(opened, { kind: 'opened', from: bob.self.id, path: 'src/b.ts' });
  });
}

test('a request that its target answers with an error is an error for its sender', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  ann.connection.fs.onReadFile(() => {
    throw new Error('no such file');
  });
  await assert.rejects(bob.connection.fs.readFile(ann.self.id, 'missing'), /no such file/);
});

test('chat reaches all others in order and comes back to nobody, direct messages reach one', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  const cid = await enterGuest(t, edge, ann.key, { name: 'cid' });
  await bob.events.next((event) => event.kind === 'joined' && event.peer.id === cid.self.id, 'news of cid');
  await bob.connection.chat.sendMessage('hello all');
  await hears(ann, bob, 'hello all');
  await hears(cid, bob, 'hello all');
  await cid.connection.chat.sendDirectMessage(bob.self.id, 'hello bob');
  await hears(bob, cid, 'hello bob');
  await ann.connection.chat.sendMessage('the end');
  await Promise.all([hears(bob, ann, 'the end'), hears(cid, ann, 'the end')]);
  assert.deepEqual(heardBy(ann), ['hello all']);
  assert.deepEqual(heardBy(bob), ['hello bob', 'the end']);
  assert.deepEqual(heardBy(cid), ['hello all', 'the end']);
});

test('a guest whom the host refuses is told so', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge, { approves: (user) => user.name !== 'eve' });
  await assert.rejects(joinSession(await clientOptions(edge, 'eve'), ann.key), { code: 'JoinRejected' });
  const bob = await enterGuest(t, edge, ann.key);
  assert.deepEqual(countEvents(ann, 'joined'), 1);
  assert.notEqual(bob.self.id, ann.self.id);
});

test('clients that only poll work like the others', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge, { pollingOnly: true });
  const bob = await enterGuest(t, edge, ann.key, { pollingOnly: true });
  await bob.connection.chat.sendMessage('by post');
  await hears(ann, bob, 'by post');
  const { websockets, pollings, members } = edge.adapter.load();
  assert.deepEqual({ websockets, pollings, members }, { websockets: 0, pollings: 2, members: 2 });
});

for (const [release, provider] of [
  ['0.3.3', SocketIoTransportProvider],
  ['0.3.0', SocketIoTransportProvider030],
] as const) {
  test(`release ${release} takes the key in the path of the server’s URL`, async (t) => {
    const edge = await startOctEdge(t);
    const extras = { url: `${edge.url}/~our-key/`, release, transports: [provider] };
    const ann = await enterHost(t, edge, extras);
    assert.equal(ann.key, 'our-key');
    const bob = await enterGuest(t, edge, ann.key, extras);
    await bob.connection.room.updatePermissions({ readonly: true });
    await ann.events.next((event) => event.kind === 'permissions', 'a broadcast');
  });
}

test('a guest who leaves is gone for the others', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  await bob.connection.room.leave();
  const left = await ann.events.next((event) => event.kind === 'left', 'the departure');
  assert.deepEqual(left, { kind: 'left', peer: bob.self });
  await eventually(() => edge.openConnections(ann.key) === 1, 'the guest’s connection is closed');
  assert.equal(edge.adapter.load().members, 1);
});

test('a host who leaves ends the session for everybody', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const bob = await enterGuest(t, edge, ann.key);
  await ann.connection.room.leave();
  await bob.events.next((event) => event.kind === 'closed', 'the end of the session');
  await eventually(() => edge.openConnections(ann.key) === 0, 'all connections are closed');
  assert.equal(bob.socket!.active, false, 'the guest must not try again');
  assert.equal(edge.adapter.load().sessions, 0);
  await assert.rejects(joinSession(await clientOptions(edge, 'cid'), ann.key), { code: 'RoomNotFound' });
});
