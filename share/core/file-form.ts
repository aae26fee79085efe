/**
 * What a file is beside its text: byte order mark and line ends. Documents of a session have neither; a file keeps
 * both when it is written back, each line its own, so that nothing changes but what somebody has edited.
 */
import { applyEdits } from './edit.ts';
import type { Edit } from './edit.ts';
import { diffText } from './text-edits.ts';

export interface TextFile {
  readonly hasMark: boolean;
  /** As in the file, without the mark. */
  readonly raw: string;
  /** With LF alone, as in a document. */
  readonly text: string;
}

export type FileContent =
  | { readonly kind: 'text'; readonly file: TextFile }
  | { readonly kind: 'refused'; readonly reason: 'binary' | 'encoding' | 'line ends' };

/** Where programs look for the zero byte that text does not have; as much as git looks at. */
const headBytes = 8_000;
const mark = '\ufeff';

export function readTextFile(bytes: Uint8Array): FileContent {
  if (bytes.subarray(0, headBytes).includes(0)) return { kind: 'refused', reason: 'binary' };
  let decoded: string;
  try {
    decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { kind: 'refused', reason: 'encoding' };
  }
  const hasMark = decoded.startsWith(mark);
  const raw = hasMark ? decoded.slice(1) : decoded;
  const text = toLf(raw);
  // Clients of the protocol count a lone CR as no character, and would put edits elsewhere.
  if (text.includes('\r')) return { kind: 'refused', reason: 'line ends' };
  return { kind: 'text', file: { hasMark, raw, text } };
}

export const emptyFile: TextFile = { hasMark: false, raw: '', text: '' };

/** The file with another text. */
export function changeText(file: TextFile, text: string): TextFile {
  const wanted = toLf(text).toWellFormed();
  const raw = changeRaw(file, diffText(file.text, wanted));
  return { hasMark: file.hasMark, raw, text: wanted };
}

export function writeTextFile({ hasMark, raw }: TextFile): Uint8Array {
  return new TextEncoder().encode(hasMark ? mark + raw : raw);
}

function toLf(text: string): string {
  return text.replaceAll('\r\n', '\n');
}

function changeRaw({ raw, text }: TextFile, edits: readonly Edit[]): string {
  const lineEnd = usualLineEnd(raw);
  if (raw === text) {
    const result = applyEdits(raw, edits);
    return lineEnd === '\n' ? result : result.replaceAll('\n', lineEnd);
  }
  let rawAt = 0;
  let textAt = 0;
  /** Positions are asked for in order. */
  const toRaw = (position: number): number => {
    while (textAt < position) {
      rawAt += raw.startsWith('\r\n', rawAt) ? 2 : 1;
      textAt += 1;
    }
    return rawAt;
  };
  return applyEdits(
    raw,
    edits.map(({ at, remove, insert }) => {
      const start = toRaw(at);
      return { at: start, remove: toRaw(at + remove) - start, insert: insert.replaceAll('\n', lineEnd) };
    }),
  );
}

function usualLineEnd(raw: string): string {
  const both = raw.split('\r\n').length - 1;
  const all = raw.split('\n').length - 1;
  return both * 2 > all ? '\r\n' : '\n';
}
