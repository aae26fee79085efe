/**
 * The lines of a dump: JSON, one each. A first line, then for each store its marks, its rows and how many they were, and a
 * last line with the checksum of all before it.
 */
import { z } from 'zod';

export const dumpFormat = 1;

export type DumpValue = string | number | null | Uint8Array;
/** Column by column, in the words of the dump, which are the same for every kind of database. */
export type DumpRow = Readonly<Record<string, DumpValue>>;

const count = z.number().int().nonnegative();
const counts = z.record(z.string(), count);
const bytes = z.strictObject({ base64: z.string() });
const values = z.record(z.string(), z.union([z.string(), z.number(), z.null(), bytes]));

const firstSchema = z.object({
  mooring: z.literal('dump'),
  format: z.number().int(),
  program: z.string(),
  from: z.string(),
});
const storeSchema = z.object({ store: z.string(), marks: counts });
const rowSchema = z.object({ table: z.string(), row: values });
const endSchema = z.object({ end: z.string(), rows: counts });
const sumSchema = z.object({ sha256: z.string() });

export type DumpLine =
  | { readonly kind: 'first'; readonly format: number; readonly program: string; readonly from: string }
  /** Numbers that a store has beside its tables: counters and clocks. */
  | { readonly kind: 'store'; readonly store: string; readonly marks: Readonly<Record<string, number>> }
  | { readonly kind: 'row'; readonly table: string; readonly row: DumpRow }
  | { readonly kind: 'end'; readonly store: string; readonly rows: Readonly<Record<string, number>> }
  | { readonly kind: 'sum'; readonly sha256: string };

export function formatLine(line: DumpLine): string {
  switch (line.kind) {
    case 'first': {
      const { format, program, from } = line;
      return JSON.stringify({ mooring: 'dump', format, program, from });
    }
    case 'store':
      return JSON.stringify({ store: line.store, marks: line.marks });
    case 'row':
      return JSON.stringify({ table: line.table, row: mapValues(line.row, toJson) });
    case 'end':
      return JSON.stringify({ end: line.store, rows: line.rows });
    case 'sum':
      return JSON.stringify({ sha256: line.sha256 });
  }
}

/** Undefined where it is none. */
export function parseLine(text: string): DumpLine | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const row = rowSchema.safeParse(value).data;
  if (row !== undefined) return { kind: 'row', table: row.table, row: mapValues(row.row, fromJson) };
  const first = firstSchema.safeParse(value).data;
  if (first !== undefined) return { kind: 'first', ...first };
  const store = storeSchema.safeParse(value).data;
  if (store !== undefined) return { kind: 'store', ...store };
  const end = endSchema.safeParse(value).data;
  if (end !== undefined) return { kind: 'end', store: end.end, rows: end.rows };
  const sum = sumSchema.safeParse(value).data;
  return sum === undefined ? undefined : { kind: 'sum', sha256: sum.sha256 };
}

type JsonValue = string | number | null | { base64: string };

function toJson(value: DumpValue): JsonValue {
  if (!(value instanceof Uint8Array)) return value;
  return { base64: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

function fromJson(value: JsonValue): DumpValue {
  return typeof value === 'object' && value !== null ? Buffer.from(value.base64, 'base64') : value;
}

function mapValues<A, B>(row: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, map(value)]));
}
