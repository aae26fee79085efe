/**
 * The files of a page as `build.ts` made them: compressed ahead, named by their content, held in memory. A checkout where nobody
 * has built them says so, with the command to type.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { AppError } from '#shared/errors.ts';
import { headerValues } from '../core/header-list.ts';
import { requireMethod } from '../local-answer.ts';
import type { LocalAnswer, LocalRequest } from '../local-answer.ts';
import { builtFolder } from './built-folder.ts';

interface BuiltFile {
  readonly type: string;
  readonly etag: string;
  readonly isPage: boolean;
  readonly bytes: Buffer;
  readonly br: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const missing = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Not built</title><h1>This page is not built</h1>
<p>In the folder of this server: <code>npm run build:dashboard</code>, then start it again.</p></html>`;

export class BuiltPages {
  readonly #files = new Map<string, BuiltFile>();

  constructor(folder = builtFolder) {
    // The page first: who builds writes it last, so whatever it names is there.
    for (const name of new Set(['index.html', ...listFiles(folder)])) {
      const type = types[extname(name)];
      const bytes = type === undefined ? undefined : readIfThere(join(folder, name));
      if (type === undefined || bytes === undefined) continue;
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
      const [br, gzip] = ['.br', '.gz'].map((end) => readIfThere(join(folder, name + end)));
      this.#files.set(name, { type, etag, isPage: name.endsWith('.html'), bytes, br, gzip });
    }
  }

  get isBuilt(): boolean {
    return this.#files.has('index.html');
  }

  /** As it was built; undefined where it was not. */
  text(name: string): string | undefined {
    return this.#files.get(name)?.bytes.toString();
  }

  /** Throws `not-found`. */
  answer(name: string, request: LocalRequest): LocalAnswer {
    const file = this.#files.get(name);
    if (file === undefined && name !== 'index.html') throw new AppError('not-found');
    requireMethod(request, 'GET');
    if (file === undefined) {
      return { status: 503, headers: { 'content-type': types['.html']! }, body: missing };
    }
    const headers = {
      'content-type': file.type,
      // Another content has another name; the page alone keeps its own.
      'cache-control': file.isPage ? 'no-cache' : 'public, max-age=31536000, immutable',
      etag: file.etag,
      vary: 'accept-encoding',
    };
    if (asksForOther(request, file.etag)) return { status: 304, headers, body: '' };
    const coding = bestCoding(headerValues(request.headers, 'accept-encoding').join(','), file);
    if (coding === undefined) return { status: 200, headers, body: file.bytes };
    return { status: 200, headers: { ...headers, 'content-encoding': coding }, body: file[coding]! };
  }
}

function asksForOther(request: LocalRequest, etag: string): boolean {
  const tags = headerValues(request.headers, 'if-none-match').flatMap((line) => line.split(','));
  return tags.some((tag) => tag.trim().replace(/^W\//, '') === etag || tag.trim() === '*');
}

/** Of those that the client takes the smallest (RFC 9110 section 12.5.3); its weights only tell what it refuses. */
function bestCoding(accepted: string, file: BuiltFile): 'br' | 'gzip' | undefined {
  const codings = new Map(
    accepted.split(',').map((item) => {
      const [name = '', ...parameters] = item.toLowerCase().split(';');
      const isRefused = parameters.some((parameter) => /^\s*q\s*=\s*0(\.0*)?\s*$/.test(parameter));
      return [name.trim(), !isRefused] as const;
    }),
  );
  return (['br', 'gzip'] as const).find(
    (coding) => file[coding] !== undefined && codings.get(coding) === true,
  );
}

function listFiles(folder: string): string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
