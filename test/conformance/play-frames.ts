/** Plays one case of the frame table on a connection of its own, and tells what became of it. */
import type { TestContext } from 'node:test';
import { errorCode, openBare, openFrames, ping } from '../support/http2-frames.ts';
import type { FrameConnection } from '../support/http2-frames.ts';
import type { FrameCase } from './frame-case.ts';

const codeNames: Readonly<Record<number, string>> = {
  [errorCode.none]: 'NO_ERROR',
  [errorCode.protocol]: 'PROTOCOL_ERROR',
  [errorCode.internal]: 'INTERNAL_ERROR',
  [errorCode.flowControl]: 'FLOW_CONTROL_ERROR',
  [errorCode.streamClosed]: 'STREAM_CLOSED',
  [errorCode.frameSize]: 'FRAME_SIZE_ERROR',
  [errorCode.refused]: 'REFUSED_STREAM',
  [errorCode.cancel]: 'CANCEL',
  [errorCode.compression]: 'COMPRESSION_ERROR',
  [errorCode.calm]: 'ENHANCE_YOUR_CALM',
};

function nameOf(code: number): string {
  return codeNames[code] ?? String(code);
}

/** What happened, in the words of `FrameCase.expected`. */
export async function playFrames(
  t: Pick<TestContext, 'after'>,
  port: number,
  item: FrameCase,
): Promise<string> {
  const connection = item.isBare ? await openBare(t, port) : await openFrames(t, port, item.settings);
  for (const part of item.sent) connection.send(part);
  const isAlive = (item.instead ?? item.expected) === 'alive';
  try {
    // Behind what was sent: an answer to it comes when all of that was read. What is owed for a stream may come later.
    if (await answersPing(connection)) await connection.when(() => isAlive || isOver(connection), item.name);
    if (isAlive && !connection.hasEnded) await answersPing(connection);
    return outcomeOf(connection);
  } finally {
    connection.socket.destroy();
  }
}

/** False where the connection ended before. */
async function answersPing(connection: FrameConnection): Promise<boolean> {
  const { pongs } = connection;
  connection.send(ping('the end.'));
  await connection.when(() => connection.pongs > pongs || connection.hasEnded, 'a PING is answered');
  return !connection.hasEnded;
}

function isOver(connection: FrameConnection): boolean {
  return connection.hasEnded || connection.hasEndOf(1) || connection.resetOf(1) !== undefined;
}

function outcomeOf(connection: FrameConnection): string {
  const { goaway, hasEnded } = connection;
  if (goaway !== undefined) return `goaway ${nameOf(goaway)}`;
  if (hasEnded) return 'closed';
  const reset = connection.resetOf(1);
  // Behind a whole answer RST_STREAM says that the rest of the request is not wanted.
  if (connection.hasEndOf(1)) return `answer ${connection.statusOf(1)}`;
  return reset === undefined ? 'alive' : `reset ${nameOf(reset)}`;
}
