/**
 * Who owns a key, as clients see it by who answers. An answer of another edge is right only where the owner was killed,
 * left or was drained since it last answered; every other one is a wrong edge, whatever its proxy thinks.
 */
interface Owner {
  readonly name: string;
  /** Who had the key before. */
  readonly former: ReadonlySet<string>;
  /** When the last answer of this owner came. */
  answeredAtMs: number;
}

interface Trouble {
  readonly edge: string;
  readonly fromMs: number;
  /** The edge serves again; `Infinity` until it does. */
  toMs: number;
}

export class Referee {
  readonly #owners = new Map<string, Owner>();
  readonly #troubles: Trouble[] = [];
  readonly #wrongKeys = new Set<string>();
  answers = 0;
  wrong = 0;
  unanswered = 0;
  moved = 0;

  noteTrouble(edge: string, atMs: number): void {
    this.#troubles.push({ edge, fromMs: atMs, toMs: Infinity });
  }

  noteRecovery(edge: string, atMs: number): void {
    for (const trouble of this.#troubles)
      if (trouble.edge === edge && trouble.toMs === Infinity) trouble.toMs = atMs;
  }

  /** `name` is `edge:incarnation`. */
  noteAnswer(key: string, name: string, { startedAtMs, atMs }: { startedAtMs: number; atMs: number }): void {
    this.answers++;
    const owner = this.#owners.get(key);
    if (owner === undefined)
      return void this.#owners.set(key, { name, former: new Set(), answeredAtMs: atMs });
    if (owner.name === name) {
      owner.answeredAtMs = Math.max(owner.answeredAtMs, atMs);
      return;
    }
    // On its way when the owner changed: it says nothing of now. Of two who answer at once at first, one is wrong.
    if (startedAtMs < owner.answeredAtMs && owner.former.has(name)) return;
    const edge = owner.name.slice(0, owner.name.lastIndexOf(':'));
    const hasCause = this.#troubles.some(
      (trouble) => trouble.edge === edge && trouble.fromMs <= atMs && trouble.toMs >= owner.answeredAtMs,
    );
    if (hasCause) this.moved++;
    else {
      this.wrong++;
      this.#wrongKeys.add(key);
    }
    const former = new Set(owner.former).add(owner.name);
    this.#owners.set(key, { name, former, answeredAtMs: atMs });
  }

  get wrongKeys(): number {
    return this.#wrongKeys.size;
  }
}
