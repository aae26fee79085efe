/**
 * A process of clients that mean ill, many of them: heads that never end, answers that nobody reads. Told what to do by its parent, and
 * tells it how many of its connections have ended.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export interface FloodOrder {
  readonly port: number;
  /** Where the clients come from; each of them in turn. */
  readonly addresses: readonly string[];
  readonly count: number;
  /** What each says, and no more. */
  readonly text: string;
  /** They never read. */
  readonly isPaused: boolean;
  /** How many begin in a second; all at once where it is not said. */
  readonly perSecond?: number;
  /** Whoever is sent away comes again, as fast as that goes. */
  readonly comesBack?: boolean;
}

export type FloodCommand = { readonly open: FloodOrder } | { readonly drip: string } | { readonly end: true };

export interface FloodReport {
  readonly connected: number;
  readonly ended: number;
}

const reportMs = 100;
const openIntervalMs = 10;
const sockets = new Set<Socket>();
let connected = 0;
let ended = 0;

process.on('message', (command: FloodCommand) => {
  if ('open' in command) open(command.open);
  else if ('drip' in command) drip(command.drip);
  else for (const socket of sockets) socket.destroy();
});
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.({ connected, ended } satisfies FloodReport), reportMs);

function open(order: FloodOrder): void {
  const { addresses, count, perSecond = Infinity } = order;
  const startedMs = performance.now();
  let opened = 0;
  const openDue = (): void => {
    const due = Math.min(
      count,
      perSecond === Infinity ? count : ((performance.now() - startedMs) * perSecond) / 1_000,
    );
    while (opened < due) openOne(order, addresses[opened++ % addresses.length]!);
    if (opened < count) setTimeout(openDue, openIntervalMs);
  };
  openDue();
}

function openOne(order: FloodOrder, localAddress: string): void {
  const { port, text, isPaused, comesBack } = order;
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  sockets.add(socket);
  socket.on('error', () => undefined);
  socket.once('connect', () => connected++);
  socket.once('close', () => {
    ended++;
    sockets.delete(socket);
    if (comesBack === true) setImmediate(() => openOne(order, localAddress));
  });
  if (isPaused) socket.pause();
  else socket.resume();
  socket.write(text);
}

function drip(text: string): void {
  // Who takes nothing more has enough to take.
  for (const socket of sockets) if (socket.writable && !socket.writableNeedDrain) socket.write(text);
}
