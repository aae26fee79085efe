/** How streams get answers of our own, and how they end. */
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { addAbortSignal } from 'node:stream';
import { formatAnswerFields } from './answer-fields.ts';

const { NGHTTP2_NO_ERROR } = constants;
/** Without a byte taken meanwhile. */
const answerTakenMaxMs = 30_000;

/** Streams and sessions tell of their faults by `close`, too; without a listener they would end the process. */
export function ignore(): void {
  // See above.
}

/** A whole answer, behind which nothing of the request is wanted. */
export function endAnswer(
  stream: ServerHttp2Stream,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): void {
  if (stream.destroyed || stream.closed || stream.headersSent) return;
  stream.respond(formatAnswerFields(status, headers, body));
  if (stream.writableEnded) return closeBehind(stream);
  watchAnswer(stream);
  stream.end(body);
  closeBehind(stream);
}

/**
 * Ends a stream in the middle of what it says. Its own `close` would say first that all has been said, and the client would take
 * a part for the whole (see 'an edge that breaks off its answer' in `test/system/http2.test.ts`).
 */
export function resetStream(stream: ServerHttp2Stream, code: 'internal-error' | 'cancel'): void {
  if (stream.destroyed) return;
  if (code === 'internal-error') {
    stream.destroy(new Error('the answer was broken off'));
    return;
  }
  const cancelling = new AbortController();
  addAbortSignal(cancelling.signal, stream);
  cancelling.abort();
}

/** A request whose answer is complete is not read on: without RST_STREAM its client would go on (RFC 9113 section 8.1). */
export function closeBehind(stream: ServerHttp2Stream): void {
  if (stream.endAfterHeaders || stream.readableEnded) return;
  const close = (): void => {
    // One that is paused with bytes in it would never come to its end, and stay.
    stream.resume();
    stream.close(NGHTTP2_NO_ERROR);
  };
  if (stream.writableFinished) close();
  else stream.once('finish', close);
}

/** An answer of our own that its client does not take. Node ends the watch with the stream. */
export function watchAnswer(stream: ServerHttp2Stream): void {
  stream.setTimeout(answerTakenMaxMs, () => resetStream(stream, 'cancel'));
}
