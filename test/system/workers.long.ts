/** A front door alone that is replaced on the socket that systemd holds, on sockets of Node. */
import { testHeldSocket } from '../support/held-socket.ts';

testHeldSocket('off');
