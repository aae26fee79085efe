/**
 * Clients that mean ill or know no better, over real sockets: each is refused with a code that is counted, and
 * the members of the session go on.
 */
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { errorTable } from '#shared/errors.ts';
import type { ErrorCode } from '#shared/errors.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { SessionTokens } from '#shared/session-token.ts';
import { signLogin } from '../../test/support/oct-client.ts';
import { startOctEdge, testSecret } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { sealedFor } from '../../test/support/oct-envelopes.ts';
import { connectRaw, idOf, makePublicKey, signMember } from '../../test/support/oct-raw.ts';
import type { RawClient, RawOptions } from '../../test/support/oct-raw.ts';
import { joinsPerSessionMax } from '../core/session-state.ts';

const claim = {
  room: 'key' as AffinityKey,
  roomClock: 0,
  user: { id: 'user-eve', name: 'eve' },
  host: false,
};

interface Member {
  readonly client: RawClient;
  readonly id: string;
}

async function enter(
  t: TestContext,
  edge: OctEdge,
  name: string,
  options: Partial<RawOptions> = {},
): Promise<Member> {
  const token = await signMember(edge, name, { host: name === 'ann' });
  const client = connectRaw(t, edge, { token, ...options });
  return { client, id: await idOf(client) };
}

/** Says something to a member that it must hear, after all that was said before. */
async function isHeard(from: Member, to: Member): Promise<void> {
  const { length } = to.client.events.items;
  from.client.send(sealedFor([to.id], { kind: 'notification', origin: '', target: to.id }));
  const isFrom = ({ kind, origin }: { kind: string; origin?: string }): boolean =>
    kind === 'notification' && origin === from.id;
  await to.client.events.after(
    length,
    (event) => event.kind === 'message' && isFrom(event.message),
    'a message',
  );
}

async function isRefused(client: RawClient, edge: OctEdge, code: ErrorCode): Promise<void> {
  const refusal = await client.events.next((event) => event.kind === 'refused', 'the refusal');
  assert.deepEqual(refusal, { kind: 'refused', message: errorTable[code].message });
  assert.equal(await edge.refusals(code), 1);
  assert.equal(client.messages('notification').length, 0, 'who is refused hears nothing');
}

for (const transport of ['websocket', 'polling'] as const) {
  test(`a message that is too large ends its sender’s connection and no other (${transport})`, async (t) => {
    const edge = await startOctEdge(t, { CT_MESSAGE_MAX_BYTES: 20_000 });
    const [ann, bob] = [await enter(t, edge, 'ann'), await enter(t, edge, 'bob')];
    const eve = await enter(t, edge, 'eve', { transports: [transport], reconnects: true });
    eve.client.send(new Uint8Array(20_001));
    await eve.client.events.next((event) => event.kind === 'disconnected', 'the end of the connection');
    await eventually(async () => (await edge.refusals('message-too-large')) === 1, 'the refusal is counted');
    await isHeard(ann, bob);
    await eventually(() => eve.client.socket.connected, 'its client has come back');
    await isHeard(eve, ann);
  });
}

test('a message as large as may be passes', async (t) => {
  const edge = await startOctEdge(t, { CT_MESSAGE_MAX_BYTES: 20_000 });
  const [ann, bob] = [await enter(t, edge, 'ann'), await enter(t, edge, 'bob')];
  const envelope = { kind: 'notification', target: bob.id, content: randomBytes(19_000) };
  ann.client.send(sealedFor([bob.id], envelope));
  await eventually(() => bob.client.messages('notification').length === 2, 'it is there');
  const { content } = bob.client.messages('notification')[1]!;
  assert.deepEqual(content, envelope.content);
});

const malformed: readonly (readonly [string, unknown])[] = [
  ['text', 'text instead of bytes'],
  ['no bytes', new Uint8Array()],
  ['random bytes', randomBytes(500)],
  ['an object that is no envelope', { hello: 'world' }],
  [
    'a plain broadcast in the server’s name',
    { version: '0.3.0', kind: 'broadcast', content: { method: 'room/closed' } },
  ],
];

for (const [name, message] of malformed) {
  test(`a message that is no envelope reaches nobody and harms nobody: ${name}`, async (t) => {
    const edge = await startOctEdge(t);
    const [ann, eve] = [await enter(t, edge, 'ann'), await enter(t, edge, 'eve')];
    await isHeard(eve, ann);
    const before = ann.client.events.items.length;
    eve.client.send(message);
    await isHeard(eve, ann);
    assert.equal(ann.client.events.items.length, before + 1);
    assert.equal(await edge.refusals('message-malformed'), 1);
  });
}

const brokenPackets = [
  '9',
  '2["message"',
  '2["disconnect","x"]',
  '51-["message",{"_placeholder":true,"num":7}]',
  '599999999999-["x"]',
];

for (const packet of brokenPackets) {
  test(`a packet that breaks the rules of Socket.IO ends its sender’s connection alone: ${packet}`, async (t) => {
    const edge = await startOctEdge(t);
    const [ann, bob, eve] = [
      await enter(t, edge, 'ann'),
      await enter(t, edge, 'bob'),
      await enter(t, edge, 'eve'),
    ];
    eve.client.socket.io.engine.send(packet);
    // The packet with the place for an attachment is broken by the attachment that comes instead.
    eve.client.socket.io.engine.send('2["message"]');
    await eve.client.events.next((event) => event.kind === 'disconnected', 'the end of the connection');
    await isHeard(ann, bob);
    await eventually(() => edge.openConnections('key') === 2, 'the others stay');
    assert.equal(await edge.refusals('message-malformed'), 1);
  });
}

test('an event that the protocol does not know goes unheard', async (t) => {
  const edge = await startOctEdge(t);
  const [ann, eve] = [await enter(t, edge, 'ann'), await enter(t, edge, 'eve')];
  for (const name of ['1', 'error', 'messages', '__proto__']) eve.client.socket.emit(name, randomBytes(10));
  await isHeard(eve, ann);
  assert.equal(edge.openConnections('key'), 2);
});

test('a client in the namespace of another session is refused', async (t) => {
  const edge = await startOctEdge(t);
  const token = await signMember(edge, 'eve');
  await isRefused(connectRaw(t, edge, { token, namespace: '/~other' }), edge, 'key-conflict');
});

test('a namespace that is none of ours is refused', async (t) => {
  const edge = await startOctEdge(t);
  for (const namespace of ['/admin', '/~key/more', `/~${'x'.repeat(129)}`]) {
    const client = connectRaw(t, edge, { token: await signMember(edge, 'eve'), namespace });
    const refusal = await client.events.next((event) => event.kind === 'refused', 'the refusal');
    assert.deepEqual(refusal, { kind: 'refused', message: 'Invalid namespace' });
  }
  assert.equal(edge.adapter.load().members, 0);
});

const unsigned = `${base64({ alg: 'none' })}.${base64({ ...claim, iss: 'mooring', aud: 'session', exp: 2 ** 40 })}.`;

const badTokens: Readonly<Record<string, (edge: OctEdge) => Promise<string>>> = {
  'an expired token': async () => await new SessionTokens(testSecret, -1).signSession(claim),
  'a token that somebody else signed': async () => await new SessionTokens('another', 1).signSession(claim),
  'a token that nobody signed': async () => await Promise.resolve(unsigned),
  'a token whose claim was changed': async (edge) => {
    const [head, , signature] = (await edge.tokens.signSession(claim)).split('.');
    return `${head}.${base64({ ...claim, host: true, iss: 'mooring', aud: 'session', exp: 2 ** 40 })}.${signature}`;
  },
  'a login token': async (edge) => await signLogin(edge.tokens, 'eve'),
  'the token of another session': async (edge) => await signMember(edge, 'eve', { key: 'other' }),
  'the token of an earlier session': async (edge) =>
    await signMember(edge, 'eve', { clock: joinsPerSessionMax }),
  'an endless token': async () => await Promise.resolve('x'.repeat(8_193)),
  'no JWT': async () => await Promise.resolve('nonsense'),
};

for (const [name, make] of Object.entries(badTokens)) {
  test(`refused: ${name}`, async (t) => {
    const edge = await startOctEdge(t);
    const ann = await enter(t, edge, 'ann');
    const options = { token: await make(edge), headers: { ctstickiness: 'key' } };
    await isRefused(connectRaw(t, edge, options), edge, 'token-invalid');
    await isHeard(await enter(t, edge, 'bob'), ann);
  });
}

test('refused: no token', async (t) => {
  const edge = await startOctEdge(t);
  await isRefused(connectRaw(t, edge, { headers: { ctstickiness: 'key' } }), edge, 'token-missing');
  assert.equal(edge.adapter.load().sessions, 0, 'nobody opens a session without a token');
});

const badKeys: Readonly<Record<string, () => string>> = {
  'no key': () => '',
  'no base64': () => 'not a key!',
  'base64 of something else': () => randomBytes(300).toString('base64'),
  'an RSA key of 1,024 bits': () => makePublicKey(1_024),
  'an elliptic key': () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .publicKey.export({ type: 'spki', format: 'der' })
      .toString('base64'),
  'an endless key': () => 'A'.repeat(4_100),
};

for (const [name, make] of Object.entries(badKeys)) {
  test(`refused, for it would break every broadcast: ${name} as public key`, async (t) => {
    const edge = await startOctEdge(t);
    const options = { token: await signMember(edge, 'eve'), publicKey: make() };
    await isRefused(connectRaw(t, edge, options), edge, 'public-key-invalid');
  });
}

test('a member that does not read is stopped once, is heard until then, and goes on where it was', async (t) => {
  const edge = await startOctEdge(t, { CT_SEND_BUFFER_MAX_BYTES: 500_000 });
  const [ann, bob] = [await enter(t, edge, 'ann'), await enter(t, edge, 'bob')];
  const eve = await enter(t, edge, 'eve', { reconnects: true });
  const goOn = eve.client.stopReading();
  let sent = 0;
  const content = randomBytes(50_000);
  await eventually(async () => {
    ann.client.send(sealedFor([bob.id, eve.id], { kind: 'broadcast', content }));
    sent++;
    await eventually(() => bob.client.messages('broadcast').length >= sent + 1, 'bob hears all');
    return (await edge.refusals('member-too-slow')) > 0;
  }, 'too much waits for eve');
  await isHeard(bob, ann);
  await isHeard(eve, ann);
  const { length } = eve.client.events.items;
  goOn();
  await eve.client.events.after(length, (event) => event.kind === 'connected', 'the return');
  await isHeard(eve, bob);
  await isHeard(bob, eve);
  assert.equal(await edge.refusals('member-too-slow'), 1);
  assert.deepEqual([await edge.resumes(), await edge.gaps()], [1, 0]);
  assert.equal(eve.client.messages('broadcast').length, bob.client.messages('broadcast').length);
  await eventually(() => edge.adapter.load().outboxBytes === 0, 'everybody has confirmed everything');
});

function base64(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
