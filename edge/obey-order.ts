/** What an edge does when a front door asks something of it: each order goes to whom it concerns. */
import { listedSessionsMax } from '#shared/control-protocol.ts';
import type { EdgeMessage, FrontDoorOrder } from '#shared/control-protocol.ts';
import type { AffinityKey, Epoch } from '#shared/ids.ts';
import type { RulesOrder } from '#shared/pool-rules.ts';
import { answerClaims } from './claim-answers.ts';
import type { ControlLink } from './control-link.ts';
import type { KeyRegistry } from './core/key-registry.ts';
import type { SessionOrders } from './session-orders.ts';

interface Obeying {
  readonly orders: SessionOrders;
  readonly registry: KeyRegistry;
  readonly now: Parameters<typeof answerClaims>[2];
  readonly setDraining: (isDraining: boolean) => void;
}

export function obeyOrder(link: ControlLink, order: FrontDoorOrder | RulesOrder, obeying: Obeying): void {
  const { orders, registry, now, setDraining } = obeying;
  switch (order.type) {
    case 'drain':
      return setDraining(order.on);
    case 'list-sessions':
      return link.tell(listSessions(order.request, orders));
    case 'rules':
      return orders.takeRules(order.rules, link);
    case 'stop':
      return orders.stop();
    case 'journal-taken':
      return orders.journalTaken(order.batch);
    case 'licence':
    case 'seats':
      return orders.seats.hear(link, order);
    case 'moved':
      return orders.forget(order.key as AffinityKey, order.epoch as Epoch);
    case 'digest-claims':
    case 'list-claims':
    case 'who-holds':
      return link.tell(answerClaims(order, registry, now));
    case 'fence':
      for (const { key, epoch } of order.sessions) orders.fence(key as AffinityKey, epoch as Epoch);
  }
}

function listSessions(request: number, orders: SessionOrders): EdgeMessage {
  const keys = orders.listSessions();
  return { type: 'sessions', request, total: keys.length, keys: keys.slice(0, listedSessionsMax) };
}
