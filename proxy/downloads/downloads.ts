/**
 * What stands below `/clients`: files of a folder, with conditions, ranges and types, lists of its folders, and the page that says
 * how to install each client. Counts each file that a client has got to its end.
 */
import { randomBytes } from 'node:crypto';
import type { Banner } from '#shared/banner.ts';
import { AppError, errorBody } from '#shared/errors.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { headerValues } from '../core/header-list.ts';
import type { Download } from '../history/history.ts';
import { originOf, requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { readRanges } from './byte-ranges.ts';
import type { AskedRanges, ByteRange } from './byte-ranges.ts';
import { clientFileOf } from './client-file.ts';
import { clientsPage } from './clients-page.ts';
import { DownloadTally } from './download-tally.ts';
import { listIn, openIn } from './download-folder.ts';
import type { Found, OpenFile } from './download-folder.ts';
import { parseDownloadPath } from './download-path.ts';
import type { DownloadPath } from './download-path.ts';
import { bodyOf, bodyUnsent, contentRange, multipart } from './file-pieces.ts';
import type { Part } from './file-pieces.ts';
import { goesOnFrom, judgeConditions, versionOf } from './file-version.ts';
import type { FileVersion } from './file-version.ts';
import { folderPage } from './folder-page.ts';
import { mediaTypeOf, saveAs } from './media-type.ts';
import { NewestClients } from './newest-clients.ts';
import { htmlAnswer } from './page-answer.ts';

interface DownloadsOptions {
  readonly settings: Pick<Settings, 'CT_CLIENTS_DIR' | 'CT_NOCLIENTS' | 'CT_SERVER_URL'>;
  readonly banner: () => Banner | undefined;
  /** A client has got a file of a client to its end. */
  readonly count: (download: Download) => void;
  /** From any start. */
  readonly nowMs: () => number;
  /** As the files' times are. */
  readonly wallMs: () => number;
}

/** Files that are sent at the same time: each costs a descriptor and a piece of memory. */
const openMax = 512;
/** Pages of the folder run nothing and reach nothing: they stand beside the dashboard. */
const filePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; sandbox";
const indexName = 'index.html';

export class Downloads {
  readonly #options: DownloadsOptions;
  readonly #newest: NewestClients;
  readonly #tally: DownloadTally;
  #open = 0;

  constructor(options: DownloadsOptions) {
    this.#options = options;
    this.#newest = new NewestClients(options.nowMs);
    this.#tally = new DownloadTally(options.nowMs);
  }

  /** Throws `not-found`, `method-refused`, `precondition-failed`, `downloads-busy`, `downloads-unavailable`. */
  async answer(request: LocalRequest): Promise<LocalAnswer> {
    const { settings } = this.#options;
    // As for any address where nothing is.
    if (settings.CT_NOCLIENTS === 'true') throw new AppError('not-found');
    if (request.method === 'OPTIONS')
      return { status: 204, headers: { allow: 'GET, HEAD, OPTIONS' }, body: '' };
    requireMethod(request, 'GET');
    const path = parseDownloadPath(request.path);
    if (path === undefined) throw new AppError('not-found');
    const folder = settings.CT_CLIENTS_DIR;
    if (path.names.length === 0) return await this.#frontPage(request, folder);
    if (folder === '') throw new AppError('not-found');
    return await this.#answerIn(folder, path, request);
  }

  async #frontPage(request: LocalRequest, folder: string): Promise<LocalAnswer> {
    const { CT_SERVER_URL: given } = this.#options.settings;
    const url = given === '' ? originOf(request) : new URL(given).origin;
    return htmlAnswer(clientsPage(url, await this.#newest.look(folder), this.#options.banner()));
  }

  async #answerIn(folder: string, path: DownloadPath, request: LocalRequest): Promise<LocalAnswer> {
    const { names, isFolder } = path;
    const found = await openIn(folder, names);
    if (found.kind === 'file') {
      if (!isFolder) return await this.#answerFile(found, names, request);
      await found.handle.close();
      throw new AppError('not-found');
    }
    if (!isFolder) return addSlash(names);
    const index = await openIndex(folder, names);
    if (index !== undefined) return await this.#answerFile(index, [...names, indexName], request);
    return htmlAnswer(folderPage(names, await listIn(folder, names)));
  }

  async #answerFile(file: OpenFile, names: readonly string[], request: LocalRequest): Promise<LocalAnswer> {
    let isKept = false;
    try {
      const version = versionOf(file.state, this.#options.wallMs());
      const plan = planAnswer(version, names.at(-1)!, request);
      if (plan.parts === undefined) return plan.answer;
      if (request.method === 'HEAD') return { ...plan.answer, body: bodyUnsent(plan.parts) };
      if (this.#open >= openMax) throw new AppError('downloads-busy');
      this.#open++;
      isKept = true;
      const body = bodyOf(file, plan.parts, (isTaken) => {
        this.#open--;
        if (isTaken && plan.reachesEnd) this.#count(file, names, request.client, plan.answer.status === 200);
      });
      return { ...plan.answer, body };
    } finally {
      if (!isKept) await file.handle.close();
    }
  }

  #count({ state }: OpenFile, names: readonly string[], address: string, isWhole: boolean): void {
    const client = clientFileOf(names);
    const file = names.join('/');
    const { size, mtimeNs } = state;
    if (client === undefined || !this.#tally.count(`${address} ${size} ${mtimeNs} ${file}`, isWhole)) return;
    this.#options.count({ ...client, file, bytes: Number(size), address });
  }
}

interface AnswerPlan {
  readonly answer: LocalAnswer;
  /** Of the file; undefined where the answer is whole without it. */
  readonly parts?: readonly Part[];
  readonly reachesEnd: boolean;
}

function planAnswer(version: FileVersion, name: string, request: LocalRequest): AnswerPlan {
  const headers = headersOf(version, name);
  switch (judgeConditions(request.headers, version)) {
    case 'failed':
      throw new AppError('precondition-failed');
    case 'not-modified':
      return whole({ status: 304, headers: validatorsOf(headers), body: '' });
    case 'send':
  }
  // Of the other methods none has ranges (section 14.2).
  const asked = request.method === 'GET' ? rangesOf(request, version) : ({ kind: 'whole' } as const);
  const { size } = version;
  switch (asked.kind) {
    case 'unsatisfiable': {
      const more = { 'content-type': 'application/json', 'content-range': `bytes */${size}` };
      const body = errorBody('range-unsatisfiable');
      return whole({ status: 416, headers: { ...validatorsOf(headers), ...more }, body });
    }
    case 'whole': {
      const parts = size === 0 ? [] : [{ first: 0, last: size - 1 }];
      return { answer: { status: 200, headers, body: '' }, parts, reachesEnd: true };
    }
    case 'ranges':
      return {
        ...planRanges(asked.ranges, size, headers),
        reachesEnd: reachesEnd(asked.ranges, request, size),
      };
  }
}

function whole(answer: LocalAnswer): AnswerPlan {
  return { answer, reachesEnd: false };
}

function planRanges(
  ranges: readonly ByteRange[],
  size: number,
  headers: Record<string, string>,
): Omit<AnswerPlan, 'reachesEnd'> {
  if (ranges.length === 1) {
    const more = { 'content-range': contentRange(ranges[0]!, size) };
    return { answer: { status: 206, headers: { ...headers, ...more }, body: '' }, parts: ranges };
  }
  const boundary = `mooring-${randomBytes(16).toString('hex')}`;
  const parts = multipart(ranges, { type: headers['content-type']!, size, boundary });
  const more = { 'content-type': `multipart/byteranges; boundary=${boundary}` };
  return { answer: { status: 206, headers: { ...headers, ...more }, body: '' }, parts };
}

function rangesOf({ headers }: LocalRequest, version: FileVersion): AskedRanges {
  const values = headerValues(headers, 'range');
  if (values.length !== 1 || !goesOnFrom(headers, version)) return { kind: 'whole' };
  return readRanges(values[0], version.size);
}

/**
 * One that reads a file in parts gets its last byte once, whichever order they come in; who only looks at the end of an archive
 * asks for so many bytes from there.
 */
function reachesEnd(ranges: readonly ByteRange[], { headers }: LocalRequest, size: number): boolean {
  const looksBack = /[=,]\s*-/.test(headerValues(headers, 'range')[0] ?? '');
  return !looksBack && ranges.some(({ last }) => last === size - 1);
}

function headersOf(version: FileVersion, name: string): Record<string, string> {
  const { type, isShown } = mediaTypeOf(name);
  return {
    'content-type': type,
    'accept-ranges': 'bytes',
    etag: version.tag,
    'last-modified': new Date(version.modifiedMs).toUTCString(),
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    ...(isShown ? { 'content-security-policy': filePolicy } : { 'content-disposition': saveAs(name) }),
  };
}

/** What goes with an answer that holds nothing of the file (RFC 9110 section 15.4.5). */
function validatorsOf(headers: Record<string, string>): Record<string, string> {
  const names = ['accept-ranges', 'etag', 'last-modified', 'cache-control'];
  return Object.fromEntries(names.map((name) => [name, headers[name]!]));
}

/** A reference with a dot before it, for a name with a colon would be taken for a scheme. */
function addSlash(names: readonly string[]): LocalAnswer {
  const location = `./${encodeURIComponent(names.at(-1)!)}/`;
  return { status: 301, headers: { location, 'cache-control': 'no-cache' }, body: '' };
}

async function openIndex(folder: string, names: readonly string[]): Promise<OpenFile | undefined> {
  let found: Found;
  try {
    found = await openIn(folder, [...names, indexName]);
  } catch (error) {
    if (error instanceof AppError && error.code === 'not-found') return undefined;
    throw error;
  }
  return found.kind === 'file' ? found : undefined;
}
