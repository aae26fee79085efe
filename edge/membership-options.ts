/** What the membership of an edge is made of, and whom it tells of its leases and orders. */
import type { EdgeHello, EdgeLoad } from '#shared/control-protocol.ts';
import type { EdgeId } from '#shared/ids.ts';
import type { Log } from '#shared/log.ts';
import type { OpenControlSocket } from './control-socket.ts';
import type { KeyRegistry } from './core/key-registry.ts';
import type { ResolveName } from './locator-names.ts';
import type { SessionOrders } from './session-orders.ts';

export interface MembershipOptions {
  readonly id: EdgeId;
  readonly locators: readonly string[];
  /** Addresses of a name among them; undefined where no name is looked up. */
  readonly resolveName?: ResolveName;
  /** Nothing stands between this edge and its front doors, which run on its host. */
  readonly locatorsAreLocal: boolean;
  readonly openSocket: OpenControlSocket;
  /** All of the hello that does not change from boot to boot. */
  readonly identity: Omit<EdgeHello, 'type' | 'protocol' | 'edgeId' | 'bootId'>;
  readonly registry: KeyRegistry;
  /** The load since the last report. */
  readonly sampleLoad: () => EdgeLoad;
  /** Whether `sessionsMax` is reached. */
  readonly isFull: () => boolean;
  /** What front doors ask of the sessions here. */
  readonly orders: SessionOrders;
  /** The edge must drop every session now, without another durable write. */
  readonly onLapsed: () => void;
  /** Another process has taken the edge id over: this one has to end. */
  readonly onSuperseded: () => void;
  readonly log: Log;
  readonly nowMs: () => number;
  readonly random: () => number;
  readonly newBootId: () => string;
}
