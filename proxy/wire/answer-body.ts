/**
 * Bodies of the front door's own answers: text, bytes, or pieces that come one by one. A piece is asked for when the one before
 * has gone out, so that nothing gathers for a client that does not read.
 */
import type { AppError } from '#shared/errors.ts';
import { toAppError } from '#shared/errors.ts';

export interface PiecewiseBody {
  /** Of all pieces, where that is known beforehand; else the client learns of the end when it comes. */
  readonly bytes?: number | undefined;
  /** Not asked for anything with HEAD. Whoever makes them ends them when the request's signal aborts. */
  readonly pieces: AsyncIterable<Uint8Array>;
}

export type AnswerBody = string | Buffer | PiecewiseBody;

export function isPiecewise(body: AnswerBody): body is PiecewiseBody {
  return typeof body === 'object' && 'pieces' in body;
}

/** Undefined where the status has none (RFC 9110 sections 8.6, 15.3.5 and 15.4.5), or nobody knows. */
export function lengthOf(status: number, body: AnswerBody): number | undefined {
  if (status === 204 || status === 304) return undefined;
  return isPiecewise(body) ? body.bytes : Buffer.byteLength(body);
}

interface PieceTaker {
  /** False when the next piece should wait. */
  write(piece: Uint8Array): boolean;
  /** Resolves when it takes more, or has left. */
  drained(): Promise<void>;
  /** Why it takes nothing any more. */
  left(): AppError | undefined;
}

export type Sent = { readonly bytes: number; readonly failure: AppError | undefined };

/** Sends piece after piece; never rejects. */
export async function sendPieces({ pieces, bytes: promised }: PiecewiseBody, to: PieceTaker): Promise<Sent> {
  let bytes = 0;
  try {
    for await (const piece of pieces) {
      throwIf(to.left());
      // Beyond what was promised it would be read as the next answer.
      if (promised !== undefined && bytes + piece.length > promised)
        throw new Error('more than was promised');
      bytes += piece.length;
      if (piece.length > 0 && !to.write(piece)) await to.drained();
      // Whoever makes the pieces is asked for more, or for the end, only when this one is gone.
      throwIf(to.left());
    }
    // Who has all that was promised may leave at once.
    if (promised === undefined) throwIf(to.left());
    if (promised !== undefined && bytes < promised) throw new Error('less than was promised');
    return { bytes, failure: undefined };
  } catch (error) {
    return { bytes, failure: to.left() ?? toAppError(error) };
  }
}

function throwIf(left: AppError | undefined): void {
  if (left !== undefined) throw left;
}
