/**
 * The scenario `turnover`: a day of work in minutes. Sessions begin, members come, talk, write and leave, sessions end,
 * thousands of times on one edge; what it holds afterwards is what it held before.
 */
import { readFileSync } from 'node:fs';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import type { OctMember } from '../support/oct-client.ts';
import { HeapInspector } from './heap-inspector.ts';
import type { HistoryFolder, Pen } from './history.ts';
import { Newness } from './newness.ts';
import { OctWitness } from './oct-witness.ts';
import { fetchPatiently, keepsLooking } from './patience.ts';
import type { SpreadPool } from './spread-pool.ts';
import { YMember } from './y-member.ts';

export interface TurnoverPlan {
  /** Meetings before the first look, which fill what is filled once, and after it. */
  readonly warmup: number;
  readonly meetings: number;
  readonly history: HistoryFolder;
  readonly onProgress: (text: string) => void;
}

const guests = 3;
const writers = ['3', '2'] as const;
/** A host, its guests and the writers come and go. */
export const visitsOfMeeting = 2 * (1 + guests + writers.length);
const atOnce = 4;
const words = 3;
const stepMaxMs = 60_000;
const emptyMaxMs = 60_000;
const progressEvery = 20;

export async function runTurnover(pool: SpreadPool, plan: TurnoverPlan): Promise<void> {
  const inspector = await HeapInspector.open(pool.stderr);
  const pen = plan.history.openPen('run');
  try {
    let met = 0;
    const meet = async (count: number): Promise<void> => {
      const until = met + count;
      const keepMeeting = async (): Promise<void> => {
        while (met < until) {
          const n = ++met;
          await holdMeeting(pool.url, plan.history, n);
          if (n % progressEvery === 0) plan.onProgress(`${n * visitsOfMeeting} visits`);
        }
      };
      // All of them end before anything is said of one that failed: what is under way would fail later, unheard.
      const ended = await Promise.allSettled(Array.from({ length: atOnce }, keepMeeting));
      for (const end of ended) if (end.status === 'rejected') throw end.reason;
      await lookAt(pool, inspector, pen, met);
    };
    await meet(plan.warmup);
    await meet(plan.meetings);
  } finally {
    inspector.close();
  }
}

async function lookAt(pool: SpreadPool, inspector: HeapInspector, pen: Pen, meetings: number): Promise<void> {
  await keepsLooking(
    async () => {
      const [edge] = await pool.edges();
      return edge?.load?.sessions === 0 && edge.load.members === 0;
    },
    'the edge is empty',
    emptyMaxMs,
  );
  const heapBytes = await inspector.heldBytes();
  pen({ kind: 'held', visits: meetings * visitsOfMeeting, heapBytes, rssBytes: readRss(pool.edgePids[0]!) });
}

export function readRss(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

async function holdMeeting(url: string, history: HistoryFolder, n: number): Promise<void> {
  const ended = await Promise.allSettled([talkInSession(url, history, n), writeInDocument(url, history, n)]);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}

/** A host lets guests in, everybody is heard by everybody, and all leave; with the host the session ends. */
async function talkInSession(url: string, history: HistoryFolder, n: number): Promise<void> {
  const newness = new Newness();
  const release = n % 2 === 0 ? '0.3.3' : '0.3.0';
  const enter = async (name: string, key?: string): Promise<OctMember> => {
    const options = {
      url,
      loginToken: await logIn(url, name, release),
      release,
      fetch: fetchPatiently,
      webSocketOnly: true,
    } as const;
    return key === undefined ? await hostSession(options) : await joinSession(options, key);
  };
  const pen = history.openPen('members');
  const members: OctWitness[] = [];
  const watch = (member: OctMember, name: string): void => {
    pen({ kind: 'entered', member: name, key: member.key, wire: 'websocket' });
    members.push(new OctWitness({ member, name, pen, newness }));
  };
  try {
    const { key } = await enterAll({ enter, watch });
    await talk(members);
    // The host last: with it the session is over.
    for (const witness of members.toReversed()) {
      pen({ kind: 'left', member: witness.name, key });
      await witness.member.connection.room.leave();
      // The edge ends the connection of who leaves. Who goes before that is only away, for half a minute.
      await keepsLooking(() => !witness.isConnected, 'the edge has let them go', stepMaxMs);
    }
  } finally {
    for (const witness of members) witness.leave();
  }
}

interface Door {
  readonly enter: (name: string, key?: string) => Promise<OctMember>;
  readonly watch: (member: OctMember, name: string) => void;
}

async function enterAll({ enter, watch }: Door): Promise<OctMember> {
  const host = await enter('host');
  watch(host, 'host');
  for (let i = 1; i <= guests; i++) {
    const guest = await enter(`guest-${i}`, host.key);
    watch(guest, `guest-${i}`);
    await guest.events.next((event) => event.kind === 'init', 'the host’s greeting');
  }
  return host;
}

async function talk(members: readonly OctWitness[]): Promise<void> {
  for (let word = 1; word <= words; word++) {
    const said = members.map(({ lastSaid }) => lastSaid);
    for (const member of members) member.say();
    await keepsLooking(
      () =>
        members.every(({ lastSaid, opened }, i) => lastSaid !== said[i] && opened === word * guests) &&
        members.every((to) =>
          members.every((from) => to === from || to.lastHeard.get(from.peer) === from.lastSaid),
        ),
      'all are heard',
      stepMaxMs,
    );
  }
}

async function writeInDocument(url: string, history: HistoryFolder, n: number): Promise<void> {
  const pen = history.openPen('writers');
  const newness = new Newness();
  const key = `meeting-${n}`;
  const members = writers.map(
    (release) =>
      new YMember({ url, key, document: 'notes', name: `writer-${release}`, release, pen, newness }),
  );
  try {
    await keepsLooking(() => members.every(({ isSynced }) => isSynced), 'writers are there', stepMaxMs);
    for (let word = 1; word <= words; word++) for (const member of members) member.write();
    const all = words * members.length;
    await keepsLooking(() => members.every(({ edits }) => edits.length === all), 'writers agree', stepMaxMs);
  } finally {
    for (const member of members) {
      pen({ kind: 'left', member: member.name, key });
      member.leave();
    }
  }
}
