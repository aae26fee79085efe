/** What a mirror and the session last had in common, file by file: to know what is new on which side, and to merge it. */
import { createHash } from 'node:crypto';
import type { FileSignature } from './core/file-signature.ts';

interface Mirrored {
  /** Undefined for a content that is too large to be kept. */
  readonly bytes: Uint8Array | undefined;
  readonly digest: string;
  readonly signature: FileSignature;
}

/** What is larger is no text that people edit together. */
const keptBytesMax = 1_048_576;

export class MirroredFiles {
  readonly #files = new Map<string, Mirrored>();

  get size(): number {
    return this.#files.size;
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  get(path: string): Mirrored | undefined {
    return this.#files.get(path);
  }

  remember(path: string, bytes: Uint8Array, signature: FileSignature): void {
    const kept = bytes.length <= keptBytesMax ? bytes : undefined;
    this.#files.set(path, { bytes: kept, digest: digestOf(bytes), signature });
  }

  hasAtOrBelow(path: string): boolean {
    return this.#files.has(path) || this.paths.some((known) => known.startsWith(`${path}/`));
  }

  /** With all that is below. */
  forget(path: string): void {
    for (const known of this.paths)
      if (known === path || known.startsWith(`${path}/`)) this.#files.delete(known);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
