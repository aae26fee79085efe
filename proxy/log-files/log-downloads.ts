/** What stands below `/logs/`: the list of log files, each of them with ranges, and the CSV files as one archive. */
import { hostname } from 'node:os';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { AppError, errorBody } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerValues } from '../core/header-list.ts';
import type { AnswerViewer } from '../dashboard/door/viewer.ts';
import { lengthOf, readRanges } from '../downloads/byte-ranges.ts';
import type { ByteRange } from '../downloads/byte-ranges.ts';
import { contentRange, piecesOf } from '../downloads/file-pieces.ts';
import { json, requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { isPiecewise } from '../wire/answer-body.ts';
import { findLogFile, listLogFiles, openLogFile } from './log-folder.ts';
import type { OpenLog } from './log-folder.ts';
import { logIndex } from './log-index.ts';
import { tarOf } from './tar-archive.ts';

const top = '/logs/';
const archiveName = 'metrics.tar.gz';
const archived = ['session-metrics.csv', 'download-metrics.csv'];
/** Each costs a descriptor and a piece of memory. */
const openMax = 32;

export class LogDownloads {
  readonly #settings: Pick<Settings, 'CT_LOG_DIR'>;
  #open = 0;

  constructor(settings: Pick<Settings, 'CT_LOG_DIR'>) {
    this.#settings = settings;
  }

  /** Throws `role-missing`, `not-found`, `method-refused`, `downloads-busy`, `downloads-unavailable`. */
  readonly answer: AnswerViewer = async (viewer, request) => {
    // They name people, and one may have the password that the pool has made.
    if (viewer.role !== 'admin') throw new AppError('role-missing');
    requireMethod(request, 'GET');
    const folder = this.#settings.CT_LOG_DIR;
    const name = request.path.slice(top.length);
    if (name === '') return await this.#index(request, folder);
    return await this.#bounded(request, async () => {
      if (name !== archiveName) return await answerFile(request, await openLogFile(folder, name));
      const files = await openAll(folder, archived);
      if (files.length === 0) throw new AppError('not-found');
      return await answerArchive(request, files);
    });
  };

  async #index({ headers }: LocalRequest, folder: string): Promise<LocalAnswer> {
    const files = await listLogFiles(folder);
    const archive = files.some(({ name }) => archived.includes(name)) ? archiveName : undefined;
    const host = hostname();
    const wantsPage = headerValues(headers, 'accept').some((value) => value.includes('text/html'));
    return wantsPage
      ? logIndex({ host, files, archive, hasFolder: folder !== '' })
      : json(200, { host, files, ...(archive === undefined ? {} : { archive }) });
  }

  /** Whoever has taken the last piece, or wants no more, makes room for another. */
  async #bounded({ method }: LocalRequest, open: () => Promise<LocalAnswer>): Promise<LocalAnswer> {
    if (this.#open >= openMax) throw new AppError('downloads-busy');
    this.#open++;
    const leave = (): void => void this.#open--;
    let isSent = false;
    try {
      const answer = await open();
      const { body } = answer;
      if (method === 'HEAD' || !isPiecewise(body)) return answer;
      isSent = true;
      return { ...answer, body: { ...body, pieces: thenDo(body.pieces, leave) } };
    } finally {
      if (!isSent) leave();
    }
  }
}

async function* thenDo(pieces: AsyncIterable<Uint8Array>, work: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* pieces;
  } finally {
    work();
  }
}

async function answerFile(request: LocalRequest, file: OpenLog): Promise<LocalAnswer> {
  const asked = rangeOf(request, file.size);
  const headers = {
    'content-type': file.name.includes('.csv') ? 'text/csv; charset=utf-8' : 'text/plain; charset=utf-8',
    'accept-ranges': 'bytes',
    'last-modified': new Date(file.modifiedMs).toUTCString(),
    'cache-control': 'no-store',
    ...(file.name.includes('.csv') ? { 'content-disposition': `attachment; filename="${file.name}"` } : {}),
  };
  if (asked === 'beyond') {
    await file.handle.close();
    const more = { 'content-type': 'application/json', 'content-range': `bytes */${file.size}` };
    return { status: 416, headers: { ...headers, ...more }, body: errorBody('range-unsatisfiable') };
  }
  const range = asked ?? { first: 0, last: file.size - 1 };
  const bytes = lengthOf(range);
  const part = { 'content-range': contentRange(range, file.size) };
  const answer =
    asked === undefined ? { status: 200, headers } : { status: 206, headers: { ...headers, ...part } };
  if (request.method !== 'HEAD' && bytes > 0)
    return { ...answer, body: { bytes, pieces: readOf(file, range) } };
  await file.handle.close();
  return { ...answer, body: { bytes, pieces: Readable.from([]) } };
}

async function answerArchive(
  { method, signal }: LocalRequest,
  files: readonly OpenLog[],
): Promise<LocalAnswer> {
  const headers = {
    'content-type': 'application/gzip',
    'content-disposition': `attachment; filename="${archiveName}"`,
    'cache-control': 'no-store',
  };
  if (method !== 'HEAD') return { status: 200, headers, body: { pieces: zip(files, signal) } };
  await closeAll(files);
  return { status: 200, headers, body: '' };
}

/** Undefined for the whole: also for several ranges, and where the client has a part of what may be another file by now. */
function rangeOf({ method, headers }: LocalRequest, size: number): ByteRange | 'beyond' | undefined {
  const values = headerValues(headers, 'range');
  if (method !== 'GET' || values.length !== 1 || headerValues(headers, 'if-range').length > 0)
    return undefined;
  const asked = readRanges(values[0], size);
  if (asked.kind === 'unsatisfiable') return 'beyond';
  return asked.kind === 'ranges' && asked.ranges.length === 1 ? asked.ranges[0] : undefined;
}

/** Closes the file when all is read, or nobody wants more. */
async function* readOf(file: OpenLog, range: ByteRange): AsyncGenerator<Uint8Array> {
  try {
    yield* piecesOf(file, range);
  } finally {
    await file.handle.close();
  }
}

async function* zip(files: readonly OpenLog[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const gzip = createGzip();
  const content = files.map((file) => ({ ...file, pieces: readOf(file, { first: 0, last: file.size - 1 }) }));
  const feeding = pipeline(Readable.from(tarOf(content)), gzip, { signal }).catch(() => undefined);
  try {
    for await (const piece of gzip) yield piece as Buffer;
  } finally {
    gzip.destroy();
    await feeding;
    await closeAll(files);
  }
}

/** Those that there are. An archive that lacks one which cannot be read would look whole. */
async function openAll(folder: string, names: readonly string[]): Promise<readonly OpenLog[]> {
  const files: OpenLog[] = [];
  try {
    for (const name of names) {
      const file = await findLogFile(folder, name);
      if (file !== undefined) files.push(file);
    }
    return files;
  } catch (error) {
    await closeAll(files);
    throw error;
  }
}

/** To close one that is closed is no fault. */
async function closeAll(files: readonly OpenLog[]): Promise<void> {
  await Promise.all(files.map(async ({ handle }) => await handle.close().catch(() => undefined)));
}
