/**
 * What a mirror and the session last had in common, file by file: to know what is new on which side, and to merge it. What a
 * file was is kept by its digest; of the contents those that were used last are kept, up to a bound.
 */
import { createHash } from 'node:crypto';
import type { FileSignature } from './core/file-signature.ts';

export interface Mirrored {
  readonly digest: string;
  /** Whether people may edit it together; what is larger is no such text. */
  readonly isMergeable: boolean;
  readonly signature: FileSignature;
}

const mergeableBytesMax = 1_048_576;
/** Of all contents together. One that is not kept is found again: on the disk, or at the host, whoever has not changed it. */
const keptBytesMax = 8_388_608;

export class MirroredFiles {
  readonly #files = new Map<string, Mirrored>();
  /** The one used last at the end. */
  readonly #contents = new Map<string, Uint8Array>();
  #keptBytes = 0;

  get size(): number {
    return this.#files.size;
  }

  get paths(): readonly string[] {
    return [...this.#files.keys()];
  }

  get keptBytes(): number {
    return this.#keptBytes;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  get(path: string): Mirrored | undefined {
    return this.#files.get(path);
  }

  /** Undefined where it is not kept. */
  contentOf(path: string): Uint8Array | undefined {
    const content = this.#contents.get(path);
    if (content !== undefined) this.#keep(path, content);
    return content;
  }

  remember(path: string, bytes: Uint8Array, signature: FileSignature): void {
    const isMergeable = bytes.length <= mergeableBytesMax;
    this.#files.set(path, { digest: digestOf(bytes), isMergeable, signature });
    // A copy: what came over the wire lies in a buffer many times as large.
    if (isMergeable) this.#keep(path, Uint8Array.from(bytes));
    else this.#drop(path);
  }

  /** Nobody has any more what both had in common: from now on the file goes as a whole. */
  loseBase(path: string): void {
    const known = this.#files.get(path);
    if (known !== undefined) this.#files.set(path, { ...known, isMergeable: false });
  }

  hasAtOrBelow(path: string): boolean {
    return this.#files.has(path) || this.paths.some((known) => known.startsWith(`${path}/`));
  }

  /** With all that is below. */
  forget(path: string): void {
    for (const known of this.paths) {
      if (known !== path && !known.startsWith(`${path}/`)) continue;
      this.#files.delete(known);
      this.#drop(known);
    }
  }

  #keep(path: string, content: Uint8Array): void {
    this.#drop(path);
    this.#contents.set(path, content);
    this.#keptBytes += content.length;
    for (const oldest of this.#contents.keys()) {
      if (this.#keptBytes <= keptBytesMax) break;
      this.#drop(oldest);
    }
  }

  #drop(path: string): void {
    this.#keptBytes -= this.#contents.get(path)?.length ?? 0;
    this.#contents.delete(path);
  }
}

export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64url');
}
