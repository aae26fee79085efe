/**
 * Sessions of both kinds under traffic, with real members of every release, and the questions that a scenario asks of
 * them: who is back, who has heard something new, who is still waiting for an answer.
 */
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import type { OctClientOptions, OctRelease } from '../support/oct-client.ts';
import type { HistoryFolder } from './history.ts';
import { nowMs } from './history.ts';
import { Newness } from './newness.ts';
import { OctWitness } from './oct-witness.ts';
import { keepsLooking } from './patience.ts';
import { YMember } from './y-member.ts';

export interface CrowdPlan {
  readonly octSessions: number;
  readonly guests: number;
  /** Guests of each session, beside the others, who only poll. */
  readonly pollingGuests: number;
  readonly ySessions: number;
  readonly talkEveryMs: number;
  readonly writeEveryMs: number;
}

const enterMaxMs = 30_000;
const askEveryMs = 250;
/** Members by turns have the one and the other release. */
const octReleases: readonly OctRelease[] = ['0.3.3', '0.3.0'];
const yReleases = ['3', '2'] as const;

export class Crowd {
  readonly url: string;
  readonly history: HistoryFolder;
  readonly newness = new Newness();
  readonly octMembers: OctWitness[] = [];
  readonly writers: YMember[] = [];
  readonly #plan: CrowdPlan;
  #documents = 0;

  constructor(url: string, history: HistoryFolder, plan: CrowdPlan) {
    this.url = url;
    this.history = history;
    this.#plan = plan;
  }

  get keys(): readonly string[] {
    return [...new Set(this.octMembers.map(({ key }) => key)), ...this.yKeys];
  }

  get yKeys(): readonly string[] {
    return Array.from({ length: this.#plan.ySessions }, (_, i) => `y-${i + 1}`);
  }

  /** All enter; resolves when all work. */
  async enter(): Promise<void> {
    for (let n = 1; n <= this.#plan.octSessions; n++) await this.#enterOct(n);
    await this.openDocuments();
  }

  /** A new document for each y session, with two who write; those of the old ones, if any, have left. */
  async openDocuments(): Promise<void> {
    const document = `document-${++this.#documents}`;
    for (const key of this.yKeys) {
      for (const [i, release] of yReleases.entries()) {
        this.writers.push(
          await this.enterDocument({ key, document, name: `${key}-${'ab'[i]}-${this.#documents}`, release }),
        );
      }
    }
    for (const writer of this.writers) writer.startWriting(this.#plan.writeEveryMs);
  }

  async enterDocument(place: {
    key: string;
    document: string;
    name: string;
    release: '2' | '3';
  }): Promise<YMember> {
    const { key, name } = place;
    const pen = this.history.openPen(name);
    const member = new YMember({ url: this.url, ...place, pen, newness: this.newness });
    await keepsLooking(() => member.isSynced, `${name} enters ${key}`, enterMaxMs);
    pen({ kind: 'entered', member: name, key, wire: 'y' });
    return member;
  }

  /** The members of these sessions who have not heard anything that was said after the given time. */
  withoutNews(keys: readonly string[], since: number): string[] {
    return [...this.octMembers, ...this.writers]
      .filter(({ key, newestReadAt }) => keys.includes(key) && newestReadAt <= since)
      .map(({ name, key }) => `${key}/${name}`);
  }

  /** Reads a document as somebody new, and writes down what is there. */
  async readAnew(place: { key: string; document: string; isWhole: boolean }): Promise<readonly string[]> {
    const { key, document, isWhole } = place;
    const name = `reader of ${key} ${document}`;
    const pen = this.history.openPen('readers');
    const askedAt = nowMs();
    const reader = new YMember({
      url: this.url,
      key,
      document,
      name,
      release: '3',
      // What it reads is written down as a whole, and acknowledges nothing.
      pen: () => undefined,
      newness: this.newness,
    });
    try {
      await keepsLooking(() => reader.isSynced, `${name} is synchronised`, enterMaxMs);
      const { edits } = reader;
      pen({ kind: 'found', member: name, key, document, askedAt, isWhole, edits });
      return edits;
    } finally {
      reader.leave();
    }
  }

  /** All who write stop, wait until they have each other's edits, leave, and somebody new reads what is there. */
  async closeDocuments(): Promise<void> {
    for (const writer of this.writers) writer.stopWriting();
    const places = new Map(this.writers.map(({ key, document }) => [key, document]));
    for (const [key, document] of places) {
      const writers = this.writers.filter((writer) => writer.key === key);
      const isWhole = await keepsLooking(
        () => writers.every(({ isSynced, edits }) => isSynced && edits.length === writers[0]!.edits.length),
        'writers agree',
        enterMaxMs,
      ).then(
        () => true,
        () => false,
      );
      for (const writer of writers) this.#leave(writer);
      await this.readAnew({ key, document, isWhole });
    }
    this.writers.length = 0;
  }

  /** Everybody falls silent, waits until all has been heard and answered, and leaves. */
  async leave(answerMaxMs: number): Promise<void> {
    for (const member of this.octMembers) member.stop();
    await keepsLooking(
      () => this.octMembers.every(({ isConnected, pending }) => isConnected && pending === 0),
      'answers are there',
      answerMaxMs,
    ).catch(ignore);
    // Last words: a connection that broke may have taken the last ones with it.
    for (const member of this.octMembers) member.say();
    await keepsLooking(() => this.#isAllHeard(), 'last words are heard', lastWordsMaxMs).catch(ignore);
    await this.closeDocuments();
    for (const member of this.octMembers) member.leave();
  }

  /** Everybody goes at once, whatever they were at. */
  abandon(): void {
    for (const member of [...this.octMembers, ...this.writers]) member.leave();
  }

  #isAllHeard(): boolean {
    return this.octMembers.every((from) =>
      this.octMembers.every(
        (to) => to === from || to.key !== from.key || to.lastHeard.get(from.peer) === from.lastSaid,
      ),
    );
  }

  #leave(writer: YMember): void {
    this.history.openPen(writer.name)({ kind: 'left', member: writer.name, key: writer.key });
    writer.leave();
  }

  async #enterOct(n: number): Promise<void> {
    const { guests, pollingGuests, talkEveryMs } = this.#plan;
    const options = async (name: string, turn: number): Promise<OctClientOptions> => {
      const release = octReleases[turn % octReleases.length]!;
      return { url: this.url, loginToken: await logIn(this.url, name, release), release, ownBackOff: true };
    };
    const host = await hostSession(await options('host', n));
    const witnesses = [this.#watch(host, 'host', 'websocket')];
    for (let i = 1; i <= guests + pollingGuests; i++) {
      const isPolling = i > guests;
      const name = isPolling ? `poller-${i}` : `guest-${i}`;
      const guest = await joinSession({ ...(await options(name, n + i)), pollingOnly: isPolling }, host.key);
      await guest.events.next((event) => event.kind === 'init', 'the host’s greeting');
      witnesses.push(this.#watch(guest, name, isPolling ? 'polling' : 'websocket'));
    }
    for (const witness of witnesses) witness.startTalking(talkEveryMs);
    witnesses[1]?.startAsking(host.self.id, askEveryMs);
    this.octMembers.push(...witnesses);
  }

  #watch(member: OctWitness['member'], name: string, wire: 'websocket' | 'polling'): OctWitness {
    const pen = this.history.openPen(`${member.key.slice(0, keyShownLength)}-${name}`);
    pen({ kind: 'entered', member: name, key: member.key, wire });
    return new OctWitness({ member, name, pen, newness: this.newness });
  }
}

const keyShownLength = 8;
const lastWordsMaxMs = 10_000;

function ignore(): void {
  // What did not come is missing in the history, where it is judged.
}
