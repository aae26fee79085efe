/**
 * Failures that the client library leaves to nobody, such as an answer to a member who has gone meanwhile: told, and no
 * reason to end, for what people typed is in this process.
 */
import type { Desk } from './desk.ts';

export function tellStrayFailures(desk: Desk): void {
  process.on('unhandledRejection', (reason) => {
    // The library rejects with nothing where a wait of its own ends.
    if (reason instanceof Error) desk.tell({ event: 'trouble.met', reason: reason.message });
  });
}
