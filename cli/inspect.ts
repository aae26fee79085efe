/** `mooring status | edges | pins | where`: questions to the admin API of a running front door. */
import { ask } from './admin-client.ts';
import type { AskOptions } from './admin-client.ts';

export interface InspectOptions extends AskOptions {
  readonly json?: boolean;
  readonly limit?: string;
}

/** The front door lists no more in one answer (`proxy/admin/admin-table.ts`). */
const pinsListedMax = 1_000;

export async function showStatus(options: InspectOptions): Promise<void> {
  const status = await ask<Record<string, unknown>>(options, '/admin/status');
  print(options, status, () =>
    Object.entries(status).map(([name, value]) => `${name.padEnd(14)} ${showValue(value)}`),
  );
}

export async function showEdges(options: InspectOptions): Promise<void> {
  const { edges } = await ask<{ edges: EdgeView[] }>(options, '/admin/edges');
  print(options, edges, () => [
    ...table([
      [
        'EDGE',
        'STATE',
        'INC',
        'WEIGHT',
        'PINS',
        'SESSIONS',
        'MEMBERS',
        'LOAD',
        'BREAKER',
        'FAILING',
        'REGION',
        'ADDRESS',
      ],
      ...edges.map((edge) => [
        edge.id,
        edge.state,
        edge.incarnation,
        edge.weight === edge.weightOfItsOwn ? edge.weight : `${edge.weight} (${edge.weightOfItsOwn})`,
        edge.pins,
        edge.load?.sessions ?? '-',
        edge.load?.members ?? '-',
        edge.score.toFixed(2),
        edge.breaker,
        `${Math.round(edge.failures * 100)}%`,
        edge.region,
        edge.address,
      ]),
    ]),
  ]);
}

export async function showPins(options: InspectOptions & { readonly edge?: string }): Promise<void> {
  const limit = options.limit ?? '100';
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > pinsListedMax) {
    throw new Error(`--limit must be a whole number from 1 to ${pinsListedMax}`);
  }
  const query = new URLSearchParams({ limit, ...(options.edge === undefined ? {} : { edge: options.edge }) });
  const answer = await ask<PinsView>(options, `/admin/pins?${query.toString()}`);
  print(options, answer, () => [
    ...table([
      ['EDGE', 'EPOCH', 'STATE', 'KEY'],
      ...answer.pins.map((pin) => [pin.edge, pin.epoch, pin.state, pin.key]),
    ]),
    ...Object.entries(answer.byEdge).map(([edge, pins]) => `${edge} has ${pins}`),
    `${answer.pins.length} of ${answer.total} pins`,
  ]);
}

export async function showWhere(key: string, options: InspectOptions): Promise<void> {
  const pin = await ask<PinView>(options, `/admin/where?${new URLSearchParams({ key }).toString()}`);
  const over = pin.ownerIsOver ? ', whose owner is over: the next connection moves it' : '';
  print(options, pin, () => [
    `${pin.key} is on ${pin.edge} (incarnation ${pin.incarnation}, epoch ${pin.epoch}, ${pin.state})${over}`,
  ]);
}

interface EdgeView {
  id: string;
  state: string;
  incarnation: number;
  weight: number;
  weightOfItsOwn: number;
  pins: number;
  score: number;
  breaker: string;
  failures: number;
  region: string;
  address: string;
  load?: { sessions: number; members: number };
}

interface PinsView {
  total: number;
  byEdge: Record<string, number>;
  pins: PinView[];
}

interface PinView {
  key: string;
  edge: string;
  incarnation: number;
  epoch: number;
  state: string;
  ownerIsOver: boolean;
}

export function print(options: InspectOptions, value: unknown, lines: () => string[]): void {
  process.stdout.write(
    options.json === true ? `${JSON.stringify(value, null, 2)}\n` : `${lines().join('\n')}\n`,
  );
}

function showValue(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(showValue).join('; ');
  if (typeof value !== 'object' || value === null) return String(value);
  return Object.entries(value)
    .map(([name, item]) => `${name} ${String(item)}`)
    .join(', ');
}

/** Each column as wide as its widest cell. */
export function table(rows: readonly (readonly (string | number)[])[]): string[] {
  const widths: number[] = [];
  for (const cells of rows)
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, String(cell).length);
  return rows.map((cells) =>
    cells
      .map((cell, i) => String(cell).padEnd(widths[i]!))
      .join('  ')
      .trimEnd(),
  );
}

const columnWidth = 11;

export function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => String(cell).padEnd(columnWidth))
    .join(' ')
    .trimEnd();
}
