/** Where and how one exchange is forwarded: its head for the upstream, and what becomes of the answer's. */
import { formatOwner } from '#shared/ids.ts';
import type { ClientAddress } from './core/client-address.ts';
import { headerValues } from './core/header-list.ts';
import { editForClient, editForUpstream } from './core/header-rules.ts';
import type { Pin } from './directory/directory.ts';
import type { ForwardPlan, Wire } from './wire/wire.ts';

export interface PlannedRequest {
  /** As the gate has passed it. */
  readonly gate: { readonly host: string; readonly target: string };
  readonly client: ClientAddress;
  /** That hands the client its key, where one is due. */
  readonly cookie: string | undefined;
}

export interface PlanOptions {
  readonly exchangeId: string;
  /** Internal pass of the fleet; undefined in front of static backends. */
  readonly pass: string | undefined;
  /** The key was placed by this exchange. */
  readonly isNew: boolean;
  /** For the answer; empty where there is none. */
  readonly strictTransport: string;
}

export function planForward(
  wire: Wire,
  request: PlannedRequest,
  pin: Pin,
  options: PlanOptions,
): ForwardPlan {
  const { head, peer } = wire;
  const { exchangeId, pass, isNew } = options;
  const { key, epoch, owner } = pin;
  const internal =
    pass === undefined
      ? undefined
      : { key, epoch, owner: formatOwner(owner.id, owner.incarnation), pass, exchangeId, isNew };
  const upgrade = head.isUpgrade ? headerValues(head.headers, 'upgrade')[0] : undefined;
  const { chain, proto } = request.client;
  const subject = peer.identity?.kind === 'proved' ? peer.identity.subject : undefined;
  const forwarded = { chain, proto, host: request.gate.host, subject };
  const strictTransport = peer.secure ? options.strictTransport : '';
  const handBack = { key: pin.key, cookie: request.cookie, strictTransport };
  return {
    exchangeId,
    address: pin.address,
    target: request.gate.target,
    edit: editForUpstream(head.headers, forwarded, internal, upgrade),
    editAnswer: (headers) => editForClient(headers, handBack, upgrade),
    takesRefusals: pass !== undefined,
    client: { address: request.client.address, isSecure: proto === 'https' },
  };
}
