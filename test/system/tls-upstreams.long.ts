/** Edges and static backends behind `https://`, on sockets of Node. */
import { testTlsUpstreams } from '../support/tls-upstreams.ts';

testTlsUpstreams('off');
