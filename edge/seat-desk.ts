/**
 * Seats of a licence, as this edge holds them: a newcomer gets one, or is refused with a reason; whoever is in keeps what it has.
 * A front door grants them for the whole pool. Where none of them speaks of a licence, nobody is asked for anything.
 */
import type { EdgeMessage, FrontDoorOrder } from '#shared/control-protocol.ts';
import type { ErrorCode } from '#shared/errors.ts';

/** Who has members. */
interface Seated {
  countSeats(): number;
}

/** A connection to a front door. */
interface Door {
  readonly isWelcome: boolean;
  tell(message: EdgeMessage): void;
}

export type Seat =
  | {
      readonly kind: 'taken';
      /** To be called when it shows in what is held, or is not needed. */ readonly release: () => void;
    }
  | { readonly kind: 'refused'; readonly code: ErrorCode };

/** Where nothing limits them. */
export const takeFreely = (): Promise<Seat> => Promise.resolve({ kind: 'taken', release: () => undefined });

type SeatsMessage = FrontDoorOrder & { readonly type: 'seats' };

/** A front door that hangs costs newcomers so long; then another one is asked. */
const answerMaxMs = 2_000;
const triesMax = 3;
const wantedMax = 1_000;
const refusalCodes = { full: 'licence-full', expired: 'licence-expired' } as const;

export class SeatDesk {
  readonly #adapters: () => readonly Seated[];
  /** Those that speak of a licence. */
  readonly #limiting = new Set<Door>();
  #waiting: ((seat: Seat) => void)[] = [];
  /** Given to newcomers who do not show in what is held yet. */
  #given = 0;
  /** What the ledger has for us. */
  #granted = 0;
  #isUnsure = false;
  #isAsking = false;
  #sequence = 0;
  /** Edges begin with different front doors. */
  #turn = Math.floor(Math.random() * 1_000);
  #answer: { readonly sequence: number; readonly take: (message: SeatsMessage) => void } | undefined;

  constructor(adapters: () => readonly Seated[]) {
    this.#adapters = adapters;
  }

  /** For one newcomer. Never rejects. */
  async take(): Promise<Seat> {
    if (this.#doors.length === 0) return await takeFreely();
    return await new Promise<Seat>((resolve) => {
      this.#waiting.push(resolve);
      void this.#ask();
    });
  }

  /** Gives back what is not needed, and claims what is held without having been asked for; to be called again and again. */
  settle(): void {
    if (this.#doors.length === 0) return;
    if (this.#isUnsure || this.#used() !== this.#granted) void this.#ask(true);
  }

  /** The word of a front door. */
  hear(door: Door, message: SeatsMessage | (FrontDoorOrder & { readonly type: 'licence' })): void {
    if (message.type === 'seats') {
      if (this.#answer?.sequence === message.sequence) this.#answer.take(message);
      return;
    }
    if (message.isLimited) this.#limiting.add(door);
    else this.#limiting.delete(door);
    // The ledger may have no word of us.
    this.#isUnsure = true;
  }

  /** A new connection: what its front door says of a licence, it will say. */
  forget(door: Door): void {
    this.#limiting.delete(door);
  }

  get #doors(): readonly Door[] {
    return [...this.#limiting].filter(({ isWelcome }) => isWelcome);
  }

  #used(): number {
    return this.#adapters().reduce((total, adapter) => total + adapter.countSeats(), this.#given);
  }

  async #ask(settles = false): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (let goesOn = settles || this.#waiting.length > 0; goesOn; goesOn = this.#waiting.length > 0) {
      const newcomers = this.#waiting.splice(0, wantedMax);
      const held = this.#used();
      const answer = await this.#claim(held, newcomers.length);
      const granted = answer?.granted ?? 0;
      if (answer !== undefined) this.#granted = held + granted;
      this.#isUnsure = answer?.isProvisional ?? true;
      const code = answer === undefined ? 'licence-unknown' : refusalCodes[answer.refusal];
      for (const [at, tell] of newcomers.entries())
        tell(at < granted ? this.#give() : { kind: 'refused', code });
    }
    this.#isAsking = false;
  }

  #give(): Seat {
    this.#given++;
    let isGiven = true;
    const release = (): void => {
      if (isGiven) this.#given--;
      isGiven = false;
    };
    return { kind: 'taken', release };
  }

  /** Undefined where no front door answers. */
  async #claim(held: number, wanted: number): Promise<SeatsMessage | undefined> {
    for (let tries = 0; tries < triesMax; tries++) {
      const sequence = ++this.#sequence;
      const { promise, resolve } = Promise.withResolvers<SeatsMessage | undefined>();
      const late = setTimeout(() => resolve(undefined), answerMaxMs);
      this.#answer = { sequence, take: resolve };
      const doors = this.#doors;
      doors[this.#turn % doors.length]?.tell({ type: 'claim-seats', sequence, held, wanted });
      const answer = doors.length > 0 ? await promise : undefined;
      clearTimeout(late);
      this.#answer = undefined;
      if (answer !== undefined) return answer;
      this.#turn++;
    }
    return undefined;
  }
}
