/**
 * Simulated people: they begin sessions, join, write, leave and end them, by the unmodified clients of both protocols. Never more
 * of them than were asked for.
 */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { downloadClient } from './demo-clients.ts';
import { openDemoSession } from './demo-session.ts';
import type { DemoSession } from './demo-session.ts';

interface PeopleOptions {
  readonly url: string;
  readonly sessionsWanted: number;
  readonly usersMax: number;
  readonly signal: AbortSignal;
}

interface Moves {
  readonly admin: { readonly url: string; readonly token: string };
  readonly intervalMs: number;
}

const stepMinMs = 150;
const stepMaxMs = 900;
const membersMax = 6;
/** Of a hundred steps: how many end a session, and how many have somebody leave. */
const endsPercent = 4;
const leavesPercent = 25;
/** And of how many steps somebody downloads a client besides. */
const downloadsPercent = 10;

export class People {
  readonly #options: PeopleOptions;
  readonly #sessions: DemoSession[] = [];
  #number = 0;

  constructor(options: PeopleOptions) {
    this.#options = options;
    // Each client listens for the end of the process by itself.
    setMaxListeners(0, process);
  }

  /** Until the signal; what fails for one of them is tried by another one later. */
  async work(moves: Moves | undefined): Promise<void> {
    const { signal } = this.#options;
    const moving = moves === undefined ? undefined : this.#moveNowAndThen(moves);
    while (!signal.aborted) {
      await this.#step().catch(() => undefined);
      await pause(stepMinMs + Math.random() * (stepMaxMs - stepMinMs), signal);
    }
    await moving;
    for (const session of this.#sessions) session.close();
  }

  async #step(): Promise<void> {
    const { sessionsWanted, usersMax, url, signal } = this.#options;
    if (Math.random() * 100 < downloadsPercent) await downloadClient(url, signal);
    const users = this.#sessions.reduce((sum, { members }) => sum + members, 0);
    if (this.#sessions.length < sessionsWanted && users + 1 < usersMax) {
      this.#sessions.push(await openDemoSession(url, ++this.#number));
      return;
    }
    const session = this.#sessions[Math.floor(Math.random() * this.#sessions.length)];
    if (session === undefined) return;
    const dice = Math.random() * 100;
    if (dice < endsPercent) this.#end(session);
    else if (dice < leavesPercent) session.leave();
    else if (session.members < membersMax && users < usersMax) await session.enter();
  }

  #end(session: DemoSession): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    session.close();
  }

  async #moveNowAndThen({ admin, intervalMs }: Moves): Promise<void> {
    const { signal } = this.#options;
    const headers = { authorization: `Bearer ${admin.token}`, 'mooring-actor': 'demo' };
    while (!signal.aborted) {
      await pause(intervalMs, signal);
      const session = this.#sessions[Math.floor(Math.random() * this.#sessions.length)];
      if (session === undefined || signal.aborted) continue;
      const listed = await fetch(`${admin.url}/admin/edges`, { headers, signal }).catch(() => undefined);
      if (listed === undefined) continue;
      const { edges } = (await listed.json()) as { edges: { id: string; state: string }[] };
      const ready = edges.filter(({ state }) => state === 'ready');
      const edge = ready[Math.floor(Math.random() * ready.length)]?.id;
      const body = JSON.stringify({ key: session.key, edge });
      await fetch(`${admin.url}/admin/move`, { method: 'POST', headers, body, signal }).catch(
        () => undefined,
      );
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
