/**
 * Who owns what, watched at the moments that count: whatever an edge admits has to be its own by the directory right
 * then, an epoch is served by one process alone, and the epochs of a key only grow.
 */
import { moveTargets } from '#shared/internal-headers.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { DirectoryTable } from './directory-table.ts';
import type { SimEdge } from './sim-edge.ts';
import type { Listener } from './upstream.ts';
import type { Verdict } from './verdict.ts';
import type { SimProcess } from './virtual-time.ts';

export class Ownership {
  readonly #verdict: Verdict;
  readonly #table: DirectoryTable;
  readonly #servers = new Map<number, SimProcess>();
  readonly #epochs = new Map<AffinityKey, number>();

  constructor(verdict: Verdict, table: DirectoryTable) {
    this.#verdict = verdict;
    this.#table = table;
  }

  pinned(key: AffinityKey, epoch: number): void {
    const last = this.#epochs.get(key) ?? 0;
    this.#verdict.expect(epoch > last, 1, `the epoch of ${key} goes from ${last} to ${epoch}`);
    this.#epochs.set(key, epoch);
  }

  /** The edge's server; whatever it admits has to be its own by the directory, at this very moment. */
  watch(edge: SimEdge): Listener['server'] {
    const { registry, server } = edge;
    const note = registry.note.bind(registry);
    let target: string | undefined;
    registry.note = (key, epoch, nowMs) => {
      // What another edge hands over comes before the pin.
      if (target !== undefined && target !== moveTargets.prepare) this.#checkOwner(edge, key, epoch);
      target = undefined;
      note(key, epoch, nowMs);
    };
    const watch = (url: string | undefined, handle: () => void): void => {
      target = url ?? '';
      handle();
      target = undefined;
    };
    return {
      handleRequest: (request, response) => watch(request.url, () => server.handleRequest(request, response)),
      handleUpgrade: (request, socket, head) =>
        watch(request.url, () => server.handleUpgrade(request, socket, head)),
    };
  }

  noteServer(epoch: number, process: SimProcess): void {
    const known = this.#servers.get(epoch) ?? process;
    this.#servers.set(epoch, known);
    this.#verdict.expect(known === process, 1, `${known.name} and ${process.name} both serve epoch ${epoch}`);
  }

  #checkOwner({ name, process, membership }: SimEdge, key: AffinityKey, epoch: number): void {
    const pin = this.#table.pins.get(key);
    if (pin === undefined) return;
    const { id, incarnation } = pin.owner;
    // An edge that has a session back may still get what was on its way to it before.
    const isOwn = id === name && incarnation === membership.incarnation && epoch <= pin.epoch;
    const owner = `${id}:${incarnation} with epoch ${pin.epoch}`;
    this.#verdict.expect(isOwn, 1, `${name} takes ${key} with epoch ${epoch}, which belongs to ${owner}`);
    this.noteServer(epoch, process);
  }
}
