/** `mooring status | edges | pins | where`: questions to the admin API of a running front door. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as deadline } from 'node:timers';
import { settingsSchema } from '#shared/settings/schema.ts';
import { readRunState } from './run-state.ts';

export interface InspectOptions {
  readonly admin?: string;
  readonly dataDir: string;
  readonly json?: boolean;
  readonly limit?: string;
}

const answerMaxMs = 5_000;
/** The front door lists no more in one answer (`proxy/admin-routes.ts`). */
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
    row(['EDGE', 'STATE', 'INC', 'WEIGHT', 'PINS', 'SESSIONS', 'MEMBERS', 'LOAD', 'REGION', 'ADDRESS']),
    ...edges.map((edge) =>
      row([
        edge.id,
        edge.state,
        edge.incarnation,
        edge.weight,
        edge.pins,
        edge.load?.sessions ?? '-',
        edge.load?.members ?? '-',
        edge.score.toFixed(2),
        edge.region,
        edge.address,
      ]),
    ),
  ]);
}

export async function showPins(options: InspectOptions): Promise<void> {
  const limit = options.limit ?? '100';
  if (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > pinsListedMax) {
    throw new Error(`--limit must be a whole number from 1 to ${pinsListedMax}`);
  }
  const query = new URLSearchParams({ limit });
  const answer = await ask<{ total: number; pins: PinView[] }>(options, `/admin/pins?${query.toString()}`);
  print(options, answer, () => [
    row(['EDGE', 'EPOCH', 'STATE', 'KEY']),
    ...answer.pins.map((pin) => row([pin.edge, pin.epoch, pin.state, pin.key])),
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
  pins: number;
  score: number;
  region: string;
  address: string;
  load?: { sessions: number; members: number };
}

interface PinView {
  key: string;
  edge: string;
  incarnation: number;
  epoch: number;
  state: string;
  ownerIsOver: boolean;
}

interface AskLimits {
  readonly body?: object;
  readonly method?: 'POST' | 'PUT';
  readonly maxMs?: number;
}

/** Asks the front door; with a body, for a change. `maxMs` is for what takes its time. */
export async function ask<T>(
  options: InspectOptions,
  path: string,
  { body: given, method = 'POST', maxMs = answerMaxMs }: AskLimits = {},
): Promise<T> {
  const address = options.admin ?? adminAddress(options.dataDir);
  const abort = new AbortController();
  const timer = deadline(() => abort.abort(), maxMs);
  try {
    const response = await fetch(new URL(path, address), {
      ...(given === undefined ? {} : { method, body: JSON.stringify(given) }),
      headers: { authorization: `Bearer ${adminToken(options.dataDir)}` },
      signal: abort.signal,
    });
    const body = await response.json();
    if (response.ok) return body as T;
    const { code, message, params = [] } = body as { code: string; message: string; params?: string[] };
    throw new Error([`${code}: ${message}`, ...params].join('\n         '));
  } catch (error) {
    if (error instanceof TypeError || abort.signal.aborted) {
      throw new Error(`no front door answers at ${address}; is it running? (--admin, --data-dir)`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function adminAddress(dataDir: string): string {
  const port =
    readRunState(dataDir)?.ports['admin'] ??
    process.env['CT_ADMIN_PORT'] ??
    settingsSchema.CT_ADMIN_PORT.default;
  return `http://127.0.0.1:${port}`;
}

function adminToken(dataDir: string): string {
  const given = process.env['CT_ADMIN_TOKEN'];
  if (given !== undefined && given !== '') return given;
  const path = join(dataDir, 'admin.secret');
  if (!existsSync(path))
    throw new Error(
      `no admin token: set CT_ADMIN_TOKEN, or --data-dir to the pool's data folder (${path} is not there)`,
    );
  return readFileSync(path, 'utf8').trim();
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

const columnWidth = 11;

export function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell) => String(cell).padEnd(columnWidth))
    .join(' ')
    .trimEnd();
}
