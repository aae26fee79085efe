/**
 * A directory in memory, as simple as can be: plays a history to a real one and compares every answer. Leases
 * do not run out here: a history stops before they could (`directory-conformance.ts` lets them).
 * `test/support/directory-histories.ts` makes the histories.
 */
import assert from 'node:assert/strict';
import type { Epoch, Incarnation } from '#shared/ids.ts';
import { timing } from '#shared/timing.ts';
import { addressOf, edgeIdOf, keyOf, register } from './conformance-store.ts';
import type { Directory, EdgeRef, Pin, PinResult } from './directory.ts';

/** Edges and keys by number; `back` is how many incarnations before the current one, `stale` an epoch too low. */
export type DirectoryCommand =
  | { readonly do: 'register'; readonly edge: number; readonly boot: number }
  | {
      readonly do: 'renew' | 'gone' | 'drain' | 'up' | 'isOver';
      readonly edge: number;
      readonly back: number;
    }
  | { readonly do: 'insert'; readonly key: number; readonly edge: number; readonly back: number }
  | ({ readonly do: 'move' } & Repin)
  | ({ readonly do: 'hand-over' } & Repin)
  | { readonly do: 'idle' | 'live'; readonly key: number; readonly stale: boolean }
  | { readonly do: 'find'; readonly key: number }
  | { readonly do: 'sweep' };

interface Repin {
  readonly key: number;
  readonly edge: number;
  readonly back: number;
  readonly stale: boolean;
}

interface ModelEdge {
  bootId: string;
  incarnation: number;
  state: 'up' | 'draining' | 'gone';
}

interface ModelPin {
  owner: EdgeRef;
  epoch: Epoch;
  address: string;
  state: 'live' | 'idle';
}

export class DirectoryHistory {
  readonly #directory: Directory;
  readonly #prefix: string;
  readonly #startedMs = performance.now();
  readonly #edges = new Map<string, ModelEdge>();
  readonly #pins = new Map<string, ModelPin>();
  #highest = 0;

  /** `prefix` gives the history edges and keys of its own, so that one store serves many. */
  constructor(directory: Directory, prefix: string) {
    this.#directory = directory;
    this.#prefix = prefix;
  }

  async play(commands: readonly DirectoryCommand[]): Promise<void> {
    for (const command of commands) {
      const judge = await this.#run(command);
      if (performance.now() - this.#startedMs > timing.leaseMs / 2) return;
      judge();
    }
  }

  /** Asks the directory; what it returns updates the model and compares. */
  async #run(command: DirectoryCommand): Promise<() => void> {
    switch (command.do) {
      case 'register': {
        const id = this.#edgeName(command.edge);
        const { incarnation } = await register(this.#directory, id, bootOf(command.boot));
        return () => assert.equal(incarnation, this.#modelRegister(id, bootOf(command.boot)));
      }
      case 'renew':
      case 'gone':
      case 'drain':
      case 'up':
      case 'isOver':
        return await this.#runOnEdge(command.do, this.#ref(command.edge, command.back));
      case 'insert':
      case 'move':
        return await this.#runPlacement(command);
      case 'hand-over':
        return await this.#runHandover(command);
      case 'idle':
      case 'live': {
        const { name, seen } = this.#seen(command.key, command.stale);
        await this.#directory.markPins([{ key: keyOf(name), epoch: seen }], command.do);
        return () => {
          const pin = this.#pins.get(name);
          if (pin?.epoch === seen) pin.state = command.do;
        };
      }
      case 'find': {
        const name = this.#keyName(command.key);
        const found = await this.#directory.findPin(keyOf(name));
        return () => this.#comparePin(found, name);
      }
      case 'sweep': {
        const removed = await this.#directory.removeIdlePins(0, 10_000);
        return () => this.#modelSweep(removed);
      }
    }
  }

  async #runOnEdge(what: 'renew' | 'gone' | 'drain' | 'up' | 'isOver', ref: EdgeRef): Promise<() => void> {
    switch (what) {
      case 'renew': {
        const renewed = await this.#directory.renewLease(ref);
        return () => assert.equal(renewed, !this.#isOver(ref));
      }
      case 'isOver': {
        const isOver = await this.#directory.isOver(ref);
        return () => assert.equal(isOver, this.#isOver(ref));
      }
      case 'gone':
        await this.#directory.markGone(ref);
        return () => this.#modelState(ref, 'gone');
      case 'drain':
        await this.#directory.markDraining(ref);
        return () => this.#modelState(ref, 'draining');
      case 'up':
        await this.#directory.markUp(ref);
        return () => this.#modelState(ref, 'up');
    }
  }

  async #runHandover(command: Repin): Promise<() => void> {
    const target = this.#ref(command.edge, command.back);
    const { name, seen } = this.#seen(command.key, command.stale);
    const [epoch, spare] = await this.#directory.reserveEpochs();
    const result = await this.#directory.handOverPin({ key: keyOf(name), seen, target, epoch });
    return () => {
      const pin = this.#pins.get(name);
      assert.ok(this.#highest < epoch && epoch < spare, 'an epoch was used again');
      this.#highest = spare;
      if (pin === undefined) return assert.deepEqual(result, { kind: 'target-refused' });
      if (pin.epoch !== seen) return this.#compareResult(result, 'found', name);
      const isOwn = pin.owner.id === target.id && pin.owner.incarnation === target.incarnation;
      if (this.#isOver(target) || (!this.#isUp(target) && !isOwn))
        return assert.deepEqual(result, { kind: 'target-refused' });
      const { bootId } = this.#edges.get(target.id)!;
      this.#pins.set(name, { owner: target, epoch, address: addressOf(target.id, bootId), state: 'live' });
      this.#compareResult(result, 'won', name);
    };
  }

  async #runPlacement(command: DirectoryCommand & { do: 'insert' | 'move' }): Promise<() => void> {
    const target = this.#ref(command.edge, command.back);
    const { name, seen } = this.#seen(command.key, command.do === 'move' && command.stale);
    const asked = keyOf(name);
    const isMove = command.do === 'move';
    const result = isMove
      ? await this.#directory.movePin(asked, seen, target)
      : await this.#directory.insertPin(asked, target);
    return () => {
      const pin = this.#pins.get(name);
      const mayWin = pin === undefined || (isMove && pin.epoch === seen && this.#isOver(pin.owner));
      if (!mayWin) return this.#compareResult(result, 'found', name);
      if (!this.#isUp(target)) return this.#compareResult(result, 'target-refused', name);
      assert.equal(result.kind, 'won');
      const { epoch } = (result as PinResult & { kind: 'won' }).pin;
      assert.ok(epoch > this.#highest, 'an epoch was used again');
      this.#highest = epoch;
      const { bootId } = this.#edges.get(target.id)!;
      this.#pins.set(name, { owner: target, epoch, address: addressOf(target.id, bootId), state: 'live' });
      this.#compareResult(result, 'won', name);
    };
  }

  #compareResult(result: PinResult, kind: PinResult['kind'], name: string): void {
    assert.equal(result.kind, kind);
    if (result.kind !== 'target-refused') this.#comparePin(result.pin, name);
  }

  #comparePin(found: Pin | undefined, name: string): void {
    const pin = this.#pins.get(name);
    if (pin === undefined) return assert.equal(found, undefined);
    const { bootId } = this.#edges.get(pin.owner.id)!;
    const address = addressOf(pin.owner.id, bootId);
    assert.deepEqual(found, { ...pin, address, key: name, ownerIsOver: this.#isOver(pin.owner) });
  }

  #modelRegister(id: string, bootId: string): number {
    const known = this.#edges.get(id);
    if (known?.bootId === bootId) return known.incarnation;
    const incarnation = (known?.incarnation ?? 0) + 1;
    this.#edges.set(id, { bootId, incarnation, state: 'up' });
    return incarnation;
  }

  #modelState(ref: EdgeRef, state: 'up' | 'draining' | 'gone'): void {
    const known = this.#edges.get(ref.id);
    if (known?.incarnation === ref.incarnation && known.state !== 'gone') known.state = state;
  }

  #modelSweep(removed: readonly string[]): void {
    const expected = [...this.#pins].filter(([, pin]) => pin.state === 'idle' || this.#isOver(pin.owner));
    const own = removed.filter((name) => name.startsWith(this.#prefix));
    assert.deepEqual([...own].sort(), expected.map(([name]) => name).sort());
    for (const name of own) this.#pins.delete(name);
  }

  #isUp(ref: EdgeRef): boolean {
    return !this.#isOver(ref) && this.#edges.get(ref.id)!.state === 'up';
  }

  #isOver(ref: EdgeRef): boolean {
    const known = this.#edges.get(ref.id);
    return known?.incarnation !== ref.incarnation || known.state === 'gone';
  }

  #ref(edge: number, back: number): EdgeRef {
    const id = edgeIdOf(this.#edgeName(edge));
    return { id, incarnation: Math.max(1, (this.#edges.get(id)?.incarnation ?? 1) - back) as Incarnation };
  }

  #seen(key: number, stale: boolean): { name: string; seen: Epoch } {
    const name = this.#keyName(key);
    const epoch = this.#pins.get(name)?.epoch ?? (0 as Epoch);
    return { name, seen: (stale ? Math.max(0, epoch - 1) : epoch) as Epoch };
  }

  #edgeName(edge: number): string {
    return `${this.#prefix}e${edge}`;
  }

  #keyName(key: number): string {
    return `${this.#prefix}k${key}`;
  }
}

function bootOf(boot: number): string {
  return `boot-number-${boot}`;
}
