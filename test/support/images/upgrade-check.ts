/**
 * A rolling upgrade of the Compose services while members are at work: two y-websocket members type into one document, and a
 * host and a guest of an Open Collaboration session talk. Every service is stopped and started anew from another image.
 */
import assert from 'node:assert/strict';
import { hostSession, joinSession, logIn } from '../oct-client.ts';
import type { OctMember } from '../oct-client.ts';
import { openDocument } from './pool-checks.ts';
import type { OpenDocument } from './pool-checks.ts';
import type { ComposePool } from './running-pool.ts';
import { waitUntil } from './wait-until.ts';

const typeIntervalMs = 50;

export interface UpgradeFigures {
  readonly typed: number;
  readonly lost: number;
  readonly said: number;
  readonly heard: number;
  /** How often the guest of the Open Collaboration session had to come back. */
  readonly reconnected: number;
}

export async function checkUpgrade(pool: ComposePool): Promise<UpgradeFigures> {
  const [one, two] = [openDocument(pool, 'upgraded'), openDocument(pool, 'upgraded')];
  const { url } = pool;
  const host = await hostSession({ url, loginToken: await logIn(url, 'host') });
  const guest = await joinSession({ url, loginToken: await logIn(url, 'guest') }, host.key);
  try {
    await waitUntil(async () => one.provider.synced && two.provider.synced, 'both members are in sync');
    await guest.events.next((event) => event.kind === 'init', 'the welcome of the host');
    const work = startWork([one, two], guest);
    for (const service of ['proxy', 'edge-1', 'edge-2', 'edge-3']) await pool.upgrade(service);
    const { typed, said } = work.stop();
    const isSame = async (): Promise<boolean> =>
      one.provider.wsconnected && two.provider.wsconnected && one.text.toJSON() === two.text.toJSON();
    await waitUntil(isSame, 'both members have the same text');
    const written = new Set(one.text.toJSON().split(' '));
    const lost = typed.filter((word) => !written.has(word)).length;
    assert.equal(lost, 0, 'every word that was typed is there');
    assert.equal(one.text.toJSON().split(' ').length - 1, typed.length, 'and none of them twice');
    await checkTalk(host, guest);
    const isChat = (event: { kind: string; text?: string }): boolean =>
      event.kind === 'chat' && event.text?.startsWith('said ') === true;
    const heard = host.events.items.filter(isChat).length;
    const reconnected = guest.events.items.filter(({ kind }) => kind === 'reconnected').length;
    return { typed: typed.length, lost, said, heard, reconnected };
  } finally {
    guest.dispose();
    host.dispose();
    one.close();
    two.close();
  }
}

/** The session is the one that it was: nobody left, nobody was told of an error, and what is said is heard. */
async function checkTalk(host: OctMember, guest: OctMember): Promise<void> {
  await guest.connection.chat.sendMessage('after the upgrade');
  await host.events.next(
    (event) => event.kind === 'chat' && event.text === 'after the upgrade',
    'the message',
  );
  for (const { events } of [host, guest]) {
    const ends = events.items.filter(({ kind }) => ['left', 'error', 'closed', 'disposed'].includes(kind));
    assert.deepEqual(ends, []);
  }
}

interface Work {
  readonly stop: () => { readonly typed: readonly string[]; readonly said: number };
}

/** Each member types a word in turn; the guest says one a second, which is at most once where its connection is cut. */
function startWork(documents: readonly OpenDocument[], guest: OctMember): Work {
  const typed: string[] = [];
  let said = 0;
  const timer = setInterval(() => {
    const word = `w${typed.length}`;
    documents[typed.length % documents.length]!.text.insert(0, `${word} `);
    typed.push(word);
    if (typed.length % 20 !== 0) return;
    said++;
    guest.connection.chat.sendMessage(`said ${said}`).catch(() => {});
  }, typeIntervalMs);
  return {
    stop: () => {
      clearInterval(timer);
      return { typed, said };
    },
  };
}
