/** What somebody has who has come in. */
import type { Profile, Ticket } from '../place.ts';
import type { HostDuty } from './host-duty.ts';

export interface Arrival {
  readonly ticket: Ticket;
  readonly profile: Profile;
  /** Of a host alone. */
  readonly duty: HostDuty | undefined;
}
