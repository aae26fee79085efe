/**
 * What backends saw, by the client's address that the front door wrote into X-Forwarded-For; requests
 * that carry no such address are kept apart, for nobody may send them.
 */
export interface Sighting {
  readonly method: string;
  readonly target: string;
  readonly keys: readonly string[];
  readonly body: Buffer;
  /** Exactly as they came. */
  readonly bytes: Buffer;
  /** The last request of its connection, as it says itself: it closes, or hands the connection over. */
  readonly closes: boolean;
  /** False where the backend had closed already: nobody acted on it, so that it may come again elsewhere. */
  readonly isServed: boolean;
  /** False where the sender broke off inside the body. */
  readonly isWhole: boolean;
}

export class Sightings {
  /** Faults of the sender that no address stands beside. */
  readonly strays: string[] = [];
  readonly #byAddress = new Map<string, Sighting[]>();
  readonly #watchers = new Map<string, () => void>();

  note(forwardedFor: readonly string[], sighting: Sighting): void {
    const address = forwardedFor.at(-1)?.split(',').at(-1)?.trim();
    if (address === undefined) {
      this.strays.push(`no client's address: ${JSON.stringify(sighting.bytes.toString('latin1'))}`);
      return;
    }
    const known = this.#byAddress.get(address);
    if (known === undefined) this.#byAddress.set(address, [sighting]);
    else known.push(sighting);
    this.#watchers.get(address)?.();
  }

  of(address: string): readonly Sighting[] {
    return this.#byAddress.get(address) ?? [];
  }

  /** Calls back at each sighting until `forget`. */
  watch(address: string, onSighting: () => void): void {
    this.#watchers.set(address, onSighting);
  }

  forget(address: string): void {
    this.#byAddress.delete(address);
    this.#watchers.delete(address);
  }
}
