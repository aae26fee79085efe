/** What a client of the Open Collaboration Protocol says, hears and answers once it is in its session. */
import { plain, readHeard, seal } from './oct-envelopes.ts';
import type { HeardEnvelope } from './oct-envelopes.ts';
import type { ClientWorld, Company } from './client-world.ts';

export type SayingKind = 'broadcast' | 'notification' | 'request';

interface Self {
  readonly name: string;
  readonly id: () => string | undefined;
  /** Now, or when it is connected again. */
  readonly write: (bytes: Uint8Array) => void;
}

export class OctVoice {
  /** Members as the news of the roster say. */
  readonly roster = new Set<string>();
  readonly #world: ClientWorld;
  readonly #company: Company;
  readonly #self: Self;
  #said = 0;
  /** It was told that it is out, or that all is over. */
  #isOver = false;

  constructor(world: ClientWorld, company: Company, self: Self) {
    this.#world = world;
    this.#company = company;
    this.#self = self;
  }

  /** Sealed for all who are known, or one of them. */
  say(kind: SayingKind, to: string | undefined, size: number): void {
    const { ids } = this.#company;
    const targets = [...ids.keys()].filter(
      (name) => name !== this.#self.name && (to === undefined || name === to),
    );
    if (targets.length === 0) return;
    const text = `${this.#self.name}:${++this.#said}`;
    const targetIds = targets.map((name) => ids.get(name)!);
    const fields = {
      broadcast: { kind },
      notification: { kind, target: targetIds[0] },
      request: { kind, id: text, target: targetIds[0] },
    }[kind];
    const bytes = seal(fields, kind === 'broadcast' ? targetIds : targetIds.slice(0, 1), text, size);
    const heardBy = kind === 'broadcast' ? targets : targets.slice(0, 1);
    this.#world.ledger.note(bytes, { text, targets: heardBy, asks: kind === 'request' });
    this.#self.write(bytes);
  }

  hear(bytes: Uint8Array, pid: string): void {
    const { verdict, ledger } = this.#world;
    const envelope = readHeard(bytes);
    if (envelope.plain !== undefined && envelope.plain.method !== undefined) return this.#onPlain(envelope);
    if (envelope.kind === 'response' || envelope.kind === 'response-error')
      return ledger.answered(this.#self.name, String(envelope.id), envelope.plain !== undefined);
    const id = this.#self.id();
    const [own, ...others] = envelope.keys;
    const isOwn = own?.target === id && own?.key === `key of ${id}` && others.length === 0;
    verdict.expect(isOwn, 6, `${this.#self.name} gets the key of another`);
    verdict.expect(!this.#isOver, 6, `${this.#self.name} hears ${envelope.text} after its end`);
    this.#tell(`hears ${envelope.text}`);
    ledger.heard(this.#self.name, pid, envelope.text ?? '');
    if (envelope.kind !== 'request') return;
    const answer = { kind: 'response', id: envelope.id, origin: this.#self.id(), target: envelope.origin };
    this.#self.write(seal(answer, [envelope.origin!], `answer to ${envelope.text}`));
  }

  #onPlain({ plain: said, id, kind }: HeardEnvelope): void {
    const peer = said?.params?.[0];
    switch (said?.method) {
      case undefined:
        return;
      case 'peer/info':
        this.#isOver = false;
        return this.#world.verdict.expect(
          peer?.id === this.#self.id(),
          7,
          `${this.#self.name} is called ${peer?.id}`,
        );
      case 'room/joined':
        return void this.roster.add(peer?.id ?? '');
      case 'room/left':
        return void this.roster.delete(peer?.id ?? '');
      case 'room/closed':
        this.#tell(`hears that it is over: ${peer?.code}`);
        this.#isOver = true;
        return;
      case 'peer/join':
        if (kind === 'request') this.#decide(String(id), peer?.name ?? '');
    }
  }

  #decide(question: string, name: string): void {
    const { random, time } = this.#world.ground;
    const approves = random.chance(0.9);
    time.after(random.delay(5, 2_000), undefined, () => {
      if (approves) this.#company.approved.add(name);
      const response = approves
        ? { response: { workspace: { name: 'sim', folders: [] } } }
        : { response: null };
      this.#self.write(
        plain({ kind: 'response', id: question, origin: this.#self.id(), target: '' }, response),
      );
    });
  }

  #tell(what: string): void {
    this.#world.ground.tell(this.#self.name, what);
  }
}
