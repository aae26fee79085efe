/** The WebSocket table: every case. */
import { closeCases } from './socket-closes.ts';
import { frameCases } from './socket-frames.ts';
import { handshakeCases } from './socket-handshakes.ts';
import { messageCases } from './socket-messages.ts';
import type { SocketCase } from './socket-case.ts';

export const socketTable: readonly SocketCase[] = [
  ...handshakeCases,
  ...frameCases,
  ...messageCases,
  ...closeCases,
];
