/** The y-websocket clients of a schedule, on one document: what they edit, and what must be in it in the end. */
import type { ClientWorld } from './client-world.ts';
import { YClient } from './y-client.ts';
import type { Edits } from './y-client.ts';
import type { Verdict } from './verdict.ts';

export class Editors {
  readonly key: string;
  readonly #world: ClientWorld;
  readonly #killOwner: (key: string) => void;
  readonly #edits: Edits = { made: new Set(), seen: new Set() };
  readonly #clients: readonly YClient[];
  /** Comes last, and knows only what is kept. */
  #reader: YClient | undefined;

  constructor(world: ClientWorld, key: string, killOwner: (key: string) => void) {
    this.#world = world;
    this.#killOwner = killOwner;
    this.key = key;
    const names = ['eve', 'fay', 'gil'].slice(0, world.ground.random.int(1, 3));
    this.#clients = names.map((name) => new YClient(world, name, key, this.#edits));
  }

  begin(endMs: number): void {
    const { time, random } = this.#world.ground;
    for (const client of this.#clients) time.after(random.delay(1, 1_500), undefined, () => client.connect());
    const everyMs = random.pick([60, 200, 600]);
    const edit = (): void => {
      if (time.nowMs >= endMs) return;
      this.any().edit();
      time.after(random.int(1, 2 * everyMs), undefined, edit);
    };
    time.after(600, undefined, edit);
  }

  any(): YClient {
    return this.#world.ground.random.pick(this.#clients);
  }

  /** What is not yet as it must be; what can never be right again is a breach. */
  whatIsLeft(verdict: Verdict): { readonly invariant: 11; readonly what: string } | undefined {
    const what = this.#left(verdict);
    return what === undefined ? undefined : { invariant: 11, what };
  }

  #left(verdict: Verdict): string | undefined {
    for (const { name, list } of this.#clients)
      verdict.expect(
        new Set(list).size === list.length,
        11,
        `${name} has something twice: ${list.join(' ')}`,
      );
    if (this.#reader === undefined) {
      if (!this.#clients.every(({ isSynced }) => isSynced)) return 'an editor is not synchronised';
      const [first, ...others] = this.#clients;
      const different = others.find(({ list }) => list.join() !== first!.list.join());
      if (different !== undefined) return `${different.name} has another document than ${first!.name}`;
      const unknown = [...this.#edits.made].find((text) => !first!.list.includes(text));
      if (unknown !== undefined) return `${unknown} is not in the document`;
      this.#readAlone();
    }
    if (this.#reader?.isSynced !== true) return 'the reader is not synchronised';
    const kept = this.#reader.list;
    verdict.expect(new Set(kept).size === kept.length, 11, `something is stored twice: ${kept.join(' ')}`);
    const lost = [...this.#edits.seen].find((text) => !kept.includes(text));
    return lost === undefined ? undefined : `${lost} is not stored`;
  }

  /** Everybody leaves, perhaps the edge dies, and somebody comes who has nothing. */
  #readAlone(): void {
    for (const client of this.#clients) client.leave();
    if (this.#world.ground.random.chance(0.5)) this.#killOwner(this.key);
    this.#reader = new YClient(this.#world, 'zoe', this.key, this.#edits);
    this.#reader.connect();
  }
}
