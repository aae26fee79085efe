/** A process with few descriptors, started by a test: one that is sent to it finds no room, the next one does. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventKinds, loadNativeSockets } from '../../native/binding.ts';

const path = join(tmpdir(), `mooring-starved-${process.pid}`);
const sockets = loadNativeSockets()!;
const events = new Int32Array(4 * 64);
const held: number[] = [];
const byte = Buffer.from('x');
let far = -1;

sockets.open(new Uint8Array(65_536), events, (count) => {
  for (let at = 0; at < 4 * count; at += 4) {
    hear(events.subarray(at, at + 3) as unknown as [number, number, number]);
  }
});

const listener = sockets.listenPath(path, 4);
const line = sockets.connectPath(path);

function hear([kind, , a]: [number, number, number]): void {
  if (kind === eventKinds.accepted) begin(a);
  else if (kind === eventKinds.handle) onHandle(a);
}

function begin(id: number): void {
  far = id;
  sockets.takeHandles(id);
  fillDescriptors();
  sockets.sendHandle(line, line, byte, 0, 1);
}

function onHandle(fd: number): void {
  process.stdout.write(fd === -1 ? 'lost\n' : 'came\n');
  for (const taken of held.splice(0)) closeSync(taken);
  if (fd === -1) return void sockets.sendHandle(line, line, byte, 0, 1);
  sockets.closeHandle(fd, false);
  sockets.stopListening(listener);
  sockets.close(far);
  sockets.shutDown();
  rmSync(path);
}

function fillDescriptors(): void {
  try {
    for (;;) held.push(openSync('/dev/null', 'r'));
  } catch {
    // EMFILE: that is the point.
  }
}
