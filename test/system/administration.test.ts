/** An administrator and sessions of unmodified clients in a pool: the commands, what members notice, what the log keeps. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import { deriveFleetSecrets, hashKeyForLog } from '#shared/fleet-secrets.ts';
import type { AffinityKey } from '#shared/ids.ts';
import { joinSession, logIn } from '../support/oct-client.ts';
import { eventually } from '../support/oct-inbox.ts';
import { enterPoolGuest, enterPoolHost, moveElsewhere } from '../support/oct-moves.ts';
import { hears } from '../support/oct-session.ts';
import { askEdge } from '../support/ask-edge.ts';
import { openPool } from '../support/pool.ts';
import { runCommand } from '../support/run-command.ts';
import type { RunResult } from '../support/run-command.ts';
import { openDocument } from '../support/y-document.ts';

const { pool, close } = openPool();
before(async () => await pool.waitUntilReady());
after(close);

async function mooring(t: TestContext, ...args: readonly string[]): Promise<RunResult> {
  return await runCommand(t, [...args, '--data-dir', pool.dataDir]);
}

async function isAudited(event: string, key: string, facts: object = {}): Promise<void> {
  const hash = hashKeyForLog(deriveFleetSecrets(pool.secret('join')), key as AffinityKey);
  await eventually(
    () =>
      pool.lines.some(
        (line) =>
          line.event === event &&
          line['key'] === hash &&
          Object.entries(facts).every(([name, value]) => line[name] === value),
      ),
    `${event} is in the log`,
  );
}

test('sessions and their members are listed, without a word of what they say', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob', pollingOnly: true });
  await ann.connection.chat.sendMessage('a secret word');
  await hears(bob, ann, 'a secret word');

  const all = await mooring(t, 'sessions');
  assert.equal(all.stderr, '');
  assert.match(all.stdout, /^EDGE +KIND +MEMBERS +OUTBOX +KEY$/m);
  assert.match(all.stdout, new RegExp(`^edge-\\d +oct +2 +\\d+ +${ann.key}$`, 'm'));

  const one = await mooring(t, 'sessions', ann.key);
  assert.match(one.stdout, new RegExp(`^host +websocket +\\d+ s .* ${ann.self.id}  ann  `, 'm'));
  assert.match(one.stdout, new RegExp(`^guest +polling +\\d+ s .* ${bob.self.id}  bob  `, 'm'));
  assert.match(one.stdout, /^2 members on edge-\d$/m);
  const json = await mooring(t, 'sessions', ann.key, '--json');
  assert.equal((JSON.parse(json.stdout) as { members: unknown[] }).members.length, 2);
  assert.doesNotMatch(all.stdout + one.stdout + json.stdout, /secret word|publicKey|eyJ/);
  await isAudited('sessions.listed', ann.key);
});

test('a member who is removed is out, the others go on, and it may ask again', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const cid = await enterPoolGuest(t, pool, { key: ann.key, name: 'cid' });
  const removal = await mooring(t, 'remove', ann.key, bob.self.id);
  assert.deepEqual([removal.code, removal.stdout], [0, `${bob.self.id} is out of ${ann.key}\n`]);
  await bob.events.next((event) => event.kind === 'closed', 'the word to bob');
  await ann.events.next((event) => event.kind === 'left' && event.peer.id === bob.self.id, 'the word to ann');
  assert.equal(bob.socket!.active, false, 'its client does not try again');
  await ann.connection.chat.sendMessage('we go on');
  await hears(cid, ann, 'we go on');
  await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  await isAudited('member.removed', ann.key, { member: bob.self.id, isBanned: false });
});

test('a member who is banned does not get back in, by its token or its login, also after a move', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const loginToken = await logIn(pool.url, 'bob');
  const options = { url: pool.url, loginToken };
  const bob = await joinSession(options, ann.key);
  t.after(() => bob.dispose());
  const removal = await mooring(t, 'remove', ann.key, bob.self.id, '--ban');
  assert.match(removal.stdout, /is out of .* and does not come back\n$/, removal.stderr);
  await bob.events.next((event) => event.kind === 'closed', 'the word to bob');
  const returns = async (): Promise<void> => {
    bob.socket!.connect();
    const { promise, resolve } = Promise.withResolvers<Error>();
    bob.socket!.once('connect_error', resolve);
    assert.match((await promise).message, /banned/);
    await assert.rejects(joinSession(options, ann.key), /banned/i);
  };
  await returns();
  await moveElsewhere(pool, ann.key);
  await returns();
  await isAudited('member.removed', ann.key, { member: bob.self.id, isBanned: true });
});

test('a session that is ended is over for everybody, in both protocols', async (t) => {
  const ann = await enterPoolHost(t, pool);
  const bob = await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' });
  const end = await mooring(t, 'end', ann.key);
  assert.match(end.stdout, new RegExp(`^${ann.key} has ended, on edge-\\d\\n$`));
  for (const member of [ann, bob]) {
    await member.events.next((event) => event.kind === 'closed', 'the end');
    assert.equal(member.socket!.active, false);
  }
  await isAudited('session.terminated', ann.key);
  assert.match((await mooring(t, 'sessions', ann.key)).stderr, /^mooring: session-not-found: /);

  const document = await openDocument(t, pool.url, { key: 'a-y-session', name: 'a.txt' });
  const members = await mooring(t, 'sessions', 'a-y-session', '--json');
  const [writer] = (JSON.parse(members.stdout) as { members: Record<string, unknown>[] }).members;
  assert.deepEqual([writer!['role'], writer!['document']], ['writer', 'a.txt']);
  const closed = Promise.withResolvers<number | undefined>();
  document.provider.once('connection-close', (event) => closed.resolve(event?.code));
  assert.equal((await mooring(t, 'end', 'a-y-session')).code, 0);
  assert.equal(await closed.promise, 4410);
});

test('what cannot be done is refused in one line', async (t) => {
  await openDocument(t, pool.url, { key: 'another-y-session', name: 'a.txt' });
  const members = await mooring(t, 'sessions', 'another-y-session', '--json');
  const [writer] = (JSON.parse(members.stdout) as { members: { id: string }[] }).members;
  for (const [args, refusal] of [
    [['sessions', 'nobody'], 'session-not-found'],
    [['end', 'no key'], 'key-invalid'],
    [['remove', 'another-y-session', 'nobody'], 'member-not-found'],
    [['remove', 'another-y-session', writer!.id, '--ban'], 'ban-refused'],
  ] as const) {
    const { code, stdout, stderr } = await mooring(t, ...args);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, new RegExp(`^mooring: ${refusal}: .*\\n$`));
  }
});

test('no client gets to an edge’s administration', async () => {
  for (const path of [
    '/ct-admin/sessions',
    '/ct-admin/session',
    '/~a-key/ct-admin/end',
    '/ct-admin/remove',
  ]) {
    const response = await fetch(`${pool.url}${path}`, {
      method: 'POST',
      headers: { ctstickiness: 'a-key' },
    });
    assert.equal(response.status, 404, path);
  }
  const [edge] = await pool.edges();
  assert.equal((await askEdge(edge!.address, '/ct-admin/sessions', {})).status, 403);
});
