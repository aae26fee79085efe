/** Addresses of documents: `/y/KEY/DOCUMENT`, with a query that is not ours to read. */
export const documentPrefix = '/y/';

interface DocumentTarget {
  readonly key: string;
  readonly document: string;
}

const targetPattern = /^\/y\/([A-Za-z0-9._~-]{1,128})\/([A-Za-z0-9._~-]{1,128})(?:\?|$)/;

/** Undefined where the target names no document. */
export function parseDocumentTarget(target: string): DocumentTarget | undefined {
  const match = targetPattern.exec(target);
  return match === null ? undefined : { key: match[1]!, document: match[2]! };
}
