/**
 * The control connections to all front doors that `CT_LOCATOR` names: joins those that appear, leaves those that vanish
 * when their connection ends, keeps one connection where two addresses lead to one front door, and two while one front door
 * takes the place of another.
 */
import type { EdgeMessage } from '#shared/control-protocol.ts';
import type { Log } from '#shared/log.ts';
import type { ControlLink } from './control-link.ts';
import { LocatorNames } from './locator-names.ts';
import type { ControlTarget, ResolveName } from './locator-names.ts';

interface ControlLinksOptions {
  readonly locators: readonly string[];
  readonly resolve: ResolveName | undefined;
  readonly open: (target: ControlTarget) => ControlLink;
  readonly onLeft: (link: ControlLink) => void;
  readonly log: Log;
}

export class ControlLinks {
  readonly #options: ControlLinksOptions;
  /** By locator and address. */
  readonly #links = new Map<string, ControlLink>();
  /** Of a front door that takes a place, the one that had it. */
  readonly #before = new Map<ControlLink, ControlLink>();
  readonly #names: LocatorNames;

  constructor(options: ControlLinksOptions) {
    this.#options = options;
    const { locators, resolve, log } = options;
    const onTargets = (targets: readonly ControlTarget[]): void => this.#follow(targets);
    this.#names = new LocatorNames({ locators, resolve, onTargets, log });
  }

  start(): void {
    this.#names.start();
  }

  get all(): readonly ControlLink[] {
    return [...this.#links.values()];
  }

  /** One link for each front door that might judge this edge; undefined while a name of some was never looked up. */
  get judges(): readonly ControlLink[] | undefined {
    return this.#names.areKnown ? this.all.filter((link) => !link.isParked) : undefined;
  }

  /** Another one with each turn; false where none is connected. */
  tellOne(message: EdgeMessage, turn: number): boolean {
    const links = this.all.filter(({ isWelcome }) => isWelcome);
    links[turn % links.length]?.tell(message);
    return links.length > 0;
  }

  /** Another process takes the place of this front door: it is joined too, and whoever judged before judges on until it goes. */
  succeed(old: ControlLink, target: ControlTarget): void {
    const name = [...this.#links].find(([, link]) => link === old)?.[0];
    if (name === undefined || old.isVanished) return;
    this.#links.delete(name);
    this.#links.set(`${name} ${old.door}`, old);
    old.setVanished(true);
    const link = this.#options.open(target);
    this.#links.set(name, link);
    this.#before.set(link, old);
    link.connect();
  }

  /** This front door has answered a report: who waits to be replaced by it may go. */
  noteAnswered(link: ControlLink): void {
    this.#before.get(link)?.tell({ type: 'followed' });
    this.#before.delete(link);
  }

  /** To be called when a connection has begun or ended: what waited for that is done. */
  settle(): void {
    for (const [name, link] of this.#links) {
      if (!link.isVanished || link.isWelcome) continue;
      this.#links.delete(name);
      this.#before.delete(link);
      void link.close();
      this.#options.onLeft(link);
      this.#options.log.info('control.left', { locator: name.trimEnd() });
    }
    for (const link of this.#links.values()) {
      if (link.isParked && !this.#isReached(link)) link.connect();
    }
  }

  /** Says goodbye to every front door. */
  async close(): Promise<void> {
    this.#names.stop();
    await Promise.all(this.all.map(async (link) => await link.close()));
  }

  #follow(targets: readonly ControlTarget[]): void {
    const wanted = new Map(targets.map((target) => [`${target.locator} ${target.address ?? ''}`, target]));
    for (const [name, link] of this.#links) link.setVanished(!wanted.has(name));
    for (const [name, target] of wanted) {
      if (this.#links.has(name)) continue;
      const link = this.#options.open(target);
      this.#links.set(name, link);
      link.connect();
    }
    this.settle();
  }

  /** Whether another link has, or seeks, a connection to the same process. */
  #isReached(parked: ControlLink): boolean {
    return this.all.some(
      (link) => link !== parked && link.door === parked.door && !link.isParked && !link.isVanished,
    );
  }
}
