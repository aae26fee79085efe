/**
 * Members of a session in a pool who talk all the time while it moves, and what each has heard of each at the
 * level of the wire. Also asks the pool for moves, as an administrator would.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { hostSession, joinSession, logIn } from './oct-client.ts';
import type { HostOptions, OctClientOptions, OctMember } from './oct-client.ts';
import { eventually } from './oct-inbox.ts';
import { WireLog } from './oct-envelopes.ts';
import type { Pool } from './pool.ts';

export interface Talker {
  readonly member: OctMember;
  readonly log: WireLog;
}

export async function enterPoolHost(
  t: TestContext,
  pool: Pick<Pool, 'url'>,
  extras: Partial<HostOptions> = {},
): Promise<OctMember> {
  const loginToken = await logIn(pool.url, 'ann');
  const member = await hostSession({ url: pool.url, loginToken, ...extras });
  t.after(() => member.dispose());
  return member;
}

export async function enterPoolGuest(
  t: TestContext,
  pool: Pick<Pool, 'url'>,
  { key, name, ...extras }: Partial<OctClientOptions> & { key: string; name: string },
): Promise<OctMember> {
  const loginToken = await logIn(pool.url, name);
  const member = await joinSession({ url: pool.url, loginToken, ...extras }, key);
  t.after(() => member.dispose());
  await member.events.next((event) => event.kind === 'init', 'the host’s greeting');
  return member;
}

/** Sessions of two. */
export async function openPairs(t: TestContext, pool: Pool, count: number): Promise<OctMember[][]> {
  const pairs: OctMember[][] = [];
  for (let i = 0; i < count; i++) {
    const ann = await enterPoolHost(t, pool);
    pairs.push([ann, await enterPoolGuest(t, pool, { key: ann.key, name: 'bob' })]);
  }
  return pairs;
}

/** All talk until the returned function is called, which waits until everybody has heard the last words. */
export function startTalk(
  t: TestContext,
  members: readonly OctMember[],
  intervalMs: number,
): () => Promise<readonly Talker[]> {
  const talkers = members.map((member) => ({ member, log: new WireLog(member.socket!) }));
  let said = 0;
  const talking = setInterval(() => {
    said++;
    for (const { member } of talkers) void member.connection.chat.sendMessage(`word ${said}`);
  }, intervalMs);
  t.after(() => clearInterval(talking));
  return async () => {
    clearInterval(talking);
    await eventually(
      () => talkers.every((from) => othersThan(talkers, from).every((to) => hasHeardLast(to, from))),
      'the last words are heard',
    );
    return talkers;
  };
}

/** Everything that anybody said reached everybody, once and in order. */
export function checkTalk(t: TestContext, talkers: readonly Talker[], note: string): void {
  let delivered = 0;
  for (const from of talkers) {
    for (const to of othersThan(talkers, from)) {
      const heard = to.log.heardFrom(from.member.self.id);
      assert.deepEqual(
        heard,
        from.log.sent,
        `${to.member.self.name} heard ${from.member.self.name}; ${note}`,
      );
      delivered += heard.length;
    }
  }
  assert.ok(delivered > 0);
  t.diagnostic(`${note}: ${delivered} deliveries, 0 lost, 0 doubled, 0 out of order`);
}

/** Asks for the move and gives the answer of the admin API. */
export async function moveTo(
  pool: Pool,
  key: string,
  edge: string,
): Promise<{ status: number; answer: Record<string, unknown> }> {
  return await pool.act('/admin/move', { key, edge });
}

/** Moves the session to an edge that does not have it, and returns the edge's name. */
export async function moveElsewhere(pool: Pool, key: string): Promise<string> {
  const from = await pool.edgeOf(key);
  const target = (await pool.edges()).find(({ id, state }) => id !== from && state === 'ready')!.id;
  const { status, answer } = await moveTo(pool, key, target);
  assert.equal(status, 200, JSON.stringify(answer));
  return target;
}

function othersThan(talkers: readonly Talker[], one: Talker): readonly Talker[] {
  return talkers.filter((talker) => talker !== one);
}

function hasHeardLast(to: Talker, from: Talker): boolean {
  return to.log.heardFrom(from.member.self.id).at(-1) === from.log.sent.at(-1);
}
