/** Static backends on Unix-domain sockets, behind a front door on sockets of Node. */
import { testSocketBackends } from '../support/socket-backends.ts';

testSocketBackends('off');
