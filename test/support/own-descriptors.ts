/** The descriptors of this process, for tests that want to see none of theirs left. */
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';

// With the first stream of a process libuv opens a descriptor in reserve (/dev/null), and keeps it. Under `node --test` that
// stream is the output. Where the output goes to a file it would be the first client, which would seem to leave it behind.
// So here is a first stream: it is ended before it connects to anything.
connect({ host: '127.0.0.1', port: 9 }).destroy();

export function countDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
