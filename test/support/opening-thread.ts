/** A thread that opens each file that it is told of, as a process does when it starts, and says what came of it. */
import { parentPort } from 'node:worker_threads';
import { openDatabase } from '#shared/sqlite/serve.ts';

parentPort!.on('message', (path: string) => {
  try {
    openDatabase(path, { durable: false }).close();
    parentPort!.postMessage('open');
  } catch (error) {
    parentPort!.postMessage(String(error));
  }
});
