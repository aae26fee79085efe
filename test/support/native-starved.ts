/** A process with few descriptors, started by a test: uses them up, frees them when accepting fails, serves the rest. */
import { closeSync, openSync } from 'node:fs';
import { eventKinds, loadNativeSockets } from '../../native/binding.ts';

const connectionsMax = 20;
const sockets = loadNativeSockets()!;
const events = new Int32Array(4 * 64);
const held: number[] = [];
let served = 0;
let isStarved = false;

sockets.open(new Uint8Array(65_536), events, (count) => {
  for (let at = 0; at < 4 * count; at += 4) {
    hear(events.subarray(at, at + 3) as unknown as [number, number, number]);
  }
});

function hear([kind, id, a]: [number, number, number]): void {
  if (kind === eventKinds.acceptFailed) {
    if (!isStarved) process.stdout.write(`acceptFailed ${a}\n`);
    isStarved = true;
    for (const fd of held.splice(0)) closeSync(fd);
    sockets.resumeAccepting(id);
  } else if (kind === eventKinds.accepted) {
    sockets.writeLatin1(a, 'served');
  } else if (kind === eventKinds.data) {
    sockets.close(id);
    if (++served < connectionsMax) return;
    process.stdout.write('every connection was served\n');
    sockets.shutDown();
  }
}

const port = sockets.localPort(sockets.listen('127.0.0.1', 0, 511));
for (let n = 0; n < connectionsMax; n++) sockets.connect('127.0.0.1', port);
fillDescriptors();

function fillDescriptors(): void {
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // EMFILE: that is the point.
  }
}
