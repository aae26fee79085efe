/** The WebSocket table through a front door on sockets of Node. */
import { testSocketTable } from './compare-sockets.ts';

testSocketTable('off');
