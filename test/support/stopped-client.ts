/**
 * A client of Engine.IO in a thread of its own, at a WebSocket's address: answers pings, and at the stop says what it has left to
 * say and closes, however busy the thread is that it talks to. Tells when it has.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { WebSocket } from 'ws';

const { url, lastWords } = workerData as { readonly url: string; readonly lastWords: readonly string[] };
const socket = new WebSocket(url);

socket.on('message', (data: Buffer) => {
  const packet = data.toString();
  if (packet === '2') socket.send('3');
  if (packet !== '9') return;
  for (const words of lastWords) socket.send(`4${words}`);
  socket.close();
  parentPort!.postMessage('stopped');
});
