/** Makes a front door write many lines, for little work. */
import type { TestContext } from 'node:test';
import { until } from './front-door.ts';
import { openRaw } from './raw-connection.ts';

/** Refused requests, which leave their connection in step: many lines for little work. */
export async function makeLines(t: TestContext, port: number, count: number): Promise<void> {
  const connection = await openRaw(t, port);
  let answers = 0;
  connection.takeOver((chunk) => (answers += chunk.toString('latin1').split('HTTP/1.1 400 ').length - 1));
  const one = 'GET /a/../b HTTP/1.1\r\nHost: door.test\r\n\r\n';
  for (let sent = 0; sent < count; sent += 100) connection.send(one.repeat(Math.min(100, count - sent)));
  await until(() => Promise.resolve(answers >= count), `${count} requests are answered`);
  connection.socket.destroy();
}
