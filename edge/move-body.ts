/** What travels from edge to edge when a session moves: one part per adapter that has something to hand over. */
import type { IncomingMessage } from 'node:http';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { AppError } from '#shared/errors.ts';

export interface HandoverPart {
  readonly adapter: string;
  readonly bytes: Uint8Array;
}

const packr = new Packr({ useRecords: false });
const partsSchema = z.array(
  z.object({
    adapter: z.string(),
    bytes: z.custom<Uint8Array>((value) => value instanceof Uint8Array),
  }),
);

export function packParts(parts: readonly HandoverPart[]): Buffer {
  return packr.pack(parts);
}

/** Throws `snapshot-refused`. */
export function unpackParts(body: Uint8Array): HandoverPart[] {
  try {
    return partsSchema.parse(packr.unpack(body));
  } catch (cause) {
    throw new AppError('snapshot-refused', { cause });
  }
}

/** Throws `snapshot-too-large`, and `snapshot-refused` where the other side breaks off. */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.byteLength;
      if (size > maxBytes) break;
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new AppError('snapshot-refused', { cause, facts: { reason: 'broken off' } });
  }
  if (size > maxBytes) throw new AppError('snapshot-too-large', { facts: { maxBytes } });
  return Buffer.concat(chunks);
}
