/** `GET /api/locate/KEY`: which edge has the session, for clients that go there by themselves with a ticket. */
import { AppError } from '#shared/errors.ts';
import { formatOwner, parseAffinityKey, parseEpoch } from '#shared/ids.ts';
import type { AffinityKey } from '#shared/ids.ts';
import type { Tickets } from '#shared/tickets.ts';
import { json, requireMethod } from './local-answer.ts';
import type { LocalAnswer, LocalRequest } from './local-answer.ts';
import type { EdgePool } from './membership/pool.ts';
import type { MoveGate } from './move/move-gate.ts';
import type { Placement, Placer } from './placement.ts';

interface LocateOptions {
  readonly placer: Placer;
  readonly gate: MoveGate;
  readonly pool: EdgePool;
  readonly tickets: Tickets;
}

const locatePrefix = '/api/locate/';

export class Locate {
  readonly #options: LocateOptions;

  constructor(options: LocateOptions) {
    this.#options = options;
  }

  /** `?refused=EPOCH`: an edge refused a ticket of this epoch, so what is cached here is not good enough. */
  async answer(request: LocalRequest): Promise<LocalAnswer> {
    requireMethod(request, 'GET');
    const { gate, pool, tickets } = this.#options;
    const key = parseAffinityKey(request.path.slice(locatePrefix.length));
    if (key === undefined) throw new AppError('key-invalid');
    if (gate.isClosed(key)) await gate.pass(key, request.signal);
    const placement = await this.#place(key, request);
    if (placement.kind === 'no-edge') throw new AppError('no-edge');
    // While the store is down an edge is asked with care: through the front door.
    if (placement.reason === 'fallback') throw new AppError('directory-unavailable');
    const { owner, epoch } = placement.pin;
    const url = pool.find(owner)?.publicUrl;
    if (url === undefined) throw new AppError('edge-not-public');
    const { ticket, expiresAtMs } = tickets.issue({
      key,
      epoch,
      owner: formatOwner(owner.id, owner.incarnation),
    });
    return json(200, { url, epoch, ticket, expiresAt: new Date(expiresAtMs).toISOString() });
  }

  async #place(key: AffinityKey, { query, client }: LocalRequest): Promise<Placement> {
    const { placer } = this.#options;
    const refused = parseEpoch(new URLSearchParams(query).get('refused') ?? '');
    const placement = await placer.place(key, client);
    if (placement.kind === 'no-edge' || refused === undefined || placement.pin.epoch > refused)
      return placement;
    return await placer.replace(placement.pin, client);
  }
}
