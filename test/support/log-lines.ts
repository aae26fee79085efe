/** Makes a front door write many lines, for little work. */
import type { TestContext } from 'node:test';
import { until } from './front-door.ts';
import { openRaw } from './raw-connection.ts';

const answerHead = 'HTTP/1.1 400 ';

/** Refused requests, which leave their connection in step: many lines for little work. */
export async function makeLines(t: TestContext, port: number, count: number): Promise<void> {
  const connection = await openRaw(t, port);
  let answers = 0;
  // A head may come in two pieces.
  let rest = '';
  connection.takeOver((chunk) => {
    const parts = (rest + chunk.toString('latin1')).split(answerHead);
    answers += parts.length - 1;
    rest = parts.at(-1)!.slice(1 - answerHead.length);
  });
  const one = 'GET /a/../b HTTP/1.1\r\nHost: door.test\r\n\r\n';
  for (let sent = 0; sent < count; sent += 100) connection.send(one.repeat(Math.min(100, count - sent)));
  await until(() => Promise.resolve(answers >= count), `${count} requests are answered`);
  connection.socket.destroy();
}
