/** What a member that does nothing costs its edge: what is held with many of them there, less what is held without. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import { HeapInspector } from './heap-inspector.ts';
import { Newness } from './newness.ts';
import { keepsLooking } from './patience.ts';
import { SpreadPool } from './spread-pool.ts';
import { readRss } from './turnover.ts';
import { YMember } from './y-member.ts';

export interface MemberWeight {
  readonly wire: 'open-collaboration' | 'y-websocket';
  readonly members: number;
  readonly heapKib: number;
  readonly rssKib: number;
}

const membersOfSession = 8;
const enterMaxMs = 30_000;

export async function weighMembers(members: number): Promise<MemberWeight[]> {
  const dataDir = mkdtempSync(join(tmpdir(), 'mooring-chaos-data-'));
  const pool = await SpreadPool.open({ dataDir, near: ['edge-1'], edgeFlags: ['--inspect=127.0.0.1:0'] });
  const leaving: (() => void)[] = [];
  try {
    const inspector = await HeapInspector.open(pool.stderr);
    leaving.push(() => inspector.close());
    const enterings = {
      'open-collaboration': enterOctMembers,
      'y-websocket': enterWriters,
    } as const;
    // Once before, for code that is compiled and tables that are made for the first ones.
    for (const enter of Object.values(enterings)) await enter(pool.url, 'first', membersOfSession, leaving);
    const weights: MemberWeight[] = [];
    for (const [wire, enter] of Object.entries(enterings)) {
      const before = await weigh(pool, inspector);
      await enter(pool.url, 'more', members, leaving);
      const after = await weigh(pool, inspector);
      weights.push({
        wire: wire as MemberWeight['wire'],
        members,
        heapKib: (after.heap - before.heap) / members / 1_024,
        rssKib: (after.rss - before.rss) / members / 1_024,
      });
    }
    return weights;
  } finally {
    for (const leave of leaving) leave();
    await pool.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

async function weigh(pool: SpreadPool, inspector: HeapInspector): Promise<{ heap: number; rss: number }> {
  return { heap: await inspector.heldBytes(), rss: readRss(pool.edgePids[0]!) };
}

async function enterOctMembers(
  url: string,
  _name: string,
  count: number,
  leaving: (() => void)[],
): Promise<void> {
  for (let entered = 0; entered < count; entered += membersOfSession) {
    const host = await hostSession({ url, loginToken: await logIn(url, 'host'), webSocketOnly: true });
    leaving.push(() => host.dispose());
    for (let i = 1; i < membersOfSession; i++) {
      const loginToken = await logIn(url, `guest-${i}`);
      const guest = await joinSession({ url, loginToken, webSocketOnly: true }, host.key);
      leaving.push(() => guest.dispose());
      await guest.events.next((event) => event.kind === 'init', 'the host’s greeting');
    }
  }
}

async function enterWriters(
  url: string,
  name: string,
  count: number,
  leaving: (() => void)[],
): Promise<void> {
  const newness = new Newness();
  for (let n = 0; n < count; n++) {
    const key = `${name}-${Math.floor(n / membersOfSession)}`;
    const pen = (): void => undefined;
    const member = new YMember({ url, key, document: 'notes', name: `${n}`, release: '3', pen, newness });
    leaving.push(() => member.leave());
    await keepsLooking(() => member.isSynced, 'a writer is there', enterMaxMs);
  }
}
