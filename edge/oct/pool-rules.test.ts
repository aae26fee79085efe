/** Rules of the pool on an edge, with the clients of editors: old ones do not host, and sessions that run end by the newest rules. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anyHosting, hostingSchema, ownEnds } from '#shared/pool-rules.ts';
import { hostSession } from '../../test/support/oct-client.ts';
import { startOctEdge } from '../../test/support/oct-edge.ts';
import type { OctEdge } from '../../test/support/oct-edge.ts';
import { eventually } from '../../test/support/oct-inbox.ts';
import { clientOptions, enterGuest, enterHost, hears } from '../../test/support/oct-session.ts';

const teller = {};
const old = 'OCT_CODE_VSCodium@0.3.1';
const young = 'OCT_CODE_VSCodium@0.3.8';

function lay(edge: OctEdge, hosting: object, version = 1): void {
  edge.rules.take({ version, hosting: hostingSchema.parse(hosting), ends: ownEnds }, teller);
}

for (const release of ['0.3.0', '0.3.3'] as const) {
  test(`an old client is told why it may not host, and joins all the same (${release})`, async (t) => {
    const edge = await startOctEdge(t);
    lay(edge, { minimumVersion: '0.3.5' });
    const eve = await hostSession(
      await clientOptions(edge, 'eve', { client: old, release, webSocketOnly: true }),
    );
    t.after(() => eve.dispose());
    const { message } = await eve.events.next((event) => event.kind === 'error', 'the reason');
    assert.match(message, /VSCodium host from version 0\.3\.5 on; yours is 0\.3\.1/);
    await eve.events.next((event) => event.kind === 'closed', 'the end of the session');
    await eventually(() => edge.openConnections(eve.key) === 0, 'it is out');
    assert.equal(await edge.refusals('client-refused'), 1);
    const ann = await enterHost(t, edge, { client: young, release });
    const bob = await enterGuest(t, edge, ann.key, { client: old, release });
    assert.equal(bob.self.name, 'bob');
  });
}

test('a host whose session runs is not asked again, whatever the rule is by then', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge, { client: old });
  lay(edge, { minimumVersion: '9' });
  ann.socket!.io.engine.close();
  await ann.events.next((event) => event.kind === 'reconnected', 'the host is back');
  const bob = await enterGuest(t, edge, ann.key);
  await ann.connection.chat.sendMessage('still here');
  await hears(bob, ann, 'still here');
});

test('clients that name no version host or not, as the rule says', async (t) => {
  const edge = await startOctEdge(t);
  lay(edge, { minimumVersion: '0.3.5' });
  await enterHost(t, edge, { client: 'Theia' });
  lay(edge, { minimumVersion: '0.3.5', unidentified: 'refuse' }, 2);
  const eve = await hostSession(await clientOptions(edge, 'eve', { client: 'Theia', webSocketOnly: true }));
  t.after(() => eve.dispose());
  await eve.events.next((event) => event.kind === 'closed', 'the end of the session');
});

test('a client that says what it is when it asks is refused before there is a session', async (t) => {
  const edge = await startOctEdge(t);
  lay(edge, { minimumVersion: '0.3.5' });
  const asking: typeof fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('x-oct-client', old);
    return await fetch(input, { ...init, headers });
  };
  const options = await clientOptions(edge, 'eve', { client: old, fetch: asking });
  await assert.rejects(hostSession(options), /only newer versions/);
  assert.equal(edge.adapter.load().sessions, 0);
});

test('a session that runs ends by the newest rules', async (t) => {
  const edge = await startOctEdge(t, { CT_END_IDLE_MINUTES: 90 });
  const ann = await enterHost(t, edge);
  await enterGuest(t, edge, ann.key);
  edge.advance(16 * 60_000);
  await eventually(() => edge.adapter.load().members === 2, 'it runs on');
  const ends = { ...ownEnds, idleMinutes: 15 };
  edge.rules.take({ version: 1, hosting: anyHosting, ends }, teller);
  await ann.events.next((event) => event.kind === 'closed', 'the end of the session');
});

test('the newest rules count, whichever front door tells them; one that goes back is believed of itself', async (t) => {
  const edge = await startOctEdge(t, { CT_END_IDLE_MINUTES: 90 });
  const other = {};
  const idleMs = (): number => edge.rules.life.idleMs / 60_000;
  const take = (version: number, idleMinutes: number | null, from: object): void =>
    edge.rules.take(
      {
        version,
        versions: { hosting: 0, ends: version },
        hosting: anyHosting,
        ends: { ...ownEnds, idleMinutes },
      },
      from,
    );
  assert.equal(idleMs(), 90);
  take(2, 15, teller);
  take(1, 30, other);
  assert.equal(idleMs(), 15);
  take(3, 0, other);
  assert.equal(idleMs(), Infinity);
  take(1, null, other);
  assert.equal(idleMs(), 90, 'its store is an older copy');
  for (const strange of [
    undefined,
    'rules',
    { version: 9 },
    { version: 9, hosting: {}, ends: { idleMinutes: 'x' } },
  ])
    edge.rules.take(strange, other);
  assert.equal(idleMs(), 90);
});

test('members are told the banner in the chat, once, also those who come later; a client without a chat does not mind', async (t) => {
  const edge = await startOctEdge(t);
  const ann = await enterHost(t, edge);
  const old = await enterGuest(t, edge, ann.key, { release: '0.3.0' });
  const announce = (text: string | null, version: number): void => {
    const banner = text === null ? null : { text, level: 'warning', until: null };
    const versions = { hosting: 0, ends: 0, banner: version };
    edge.rules.take({ version: 0, versions, hosting: anyHosting, ends: ownEnds, banner }, teller);
  };
  const said = ({ events }: typeof ann): string[] =>
    events.items.flatMap((event) => (event.kind === 'chat' && event.isDirect ? [event.text] : []));
  announce('down at eight', 1);
  edge.advance(5_000);
  await eventually(() => said(ann).length === 1, 'the host is told');
  const bob = await enterGuest(t, edge, ann.key);
  edge.advance(5_000);
  await eventually(() => said(bob).length === 1, 'who comes later is told, too');
  ann.socket!.io.engine.close();
  await ann.events.next((event) => event.kind === 'reconnected', 'the host is back');
  announce('down at nine', 2);
  edge.advance(5_000);
  const both = ['Warning of the server: down at eight', 'Warning of the server: down at nine'];
  for (const member of [ann, bob])
    await eventually(() => said(member).length === 2, 'all are told the next one');
  assert.deepEqual([said(ann), said(bob)], [both, both]);
  announce(null, 3);
  await ann.connection.chat.sendMessage('still here');
  await hears(bob, ann, 'still here');
  assert.equal(edge.adapter.load().members, 3);
  assert.deepEqual(said(old), []);
});
