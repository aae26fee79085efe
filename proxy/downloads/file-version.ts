/** One version of a file, and what a request wants of it by the version that it knows (RFC 9110 section 13). Pure. */
import { headerValues } from '../core/header-list.ts';
import type { HeaderList } from '../core/header-list.ts';

export interface FileVersion {
  readonly size: number;
  readonly modifiedMs: number;
  /** Strong, and the same wherever the folder was copied to with its times; weak while the file may still be written. */
  readonly tag: string;
}

export interface FileState {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** What is written again within this keeps its time on some file systems (section 8.8.2.2). */
const settledMs = 2_000;

export function versionOf({ size, mtimeNs }: FileState, nowMs: number): FileVersion {
  const modifiedMs = Number(mtimeNs / 1_000_000n);
  const strength = nowMs - modifiedMs < settledMs ? 'W/' : '';
  return { size: Number(size), modifiedMs, tag: `${strength}"${size.toString(16)}-${mtimeNs.toString(16)}"` };
}

export type Judgement = 'send' | 'not-modified' | 'failed';

/** In the order of section 13.2.2; `If-Range` is asked for apart. */
export function judgeConditions(headers: HeaderList, version: FileVersion): Judgement {
  const match = listOf(headers, 'if-match');
  if (match !== undefined) {
    if (!match.some((tag) => tag === '*' || isSame(tag, version, 'strong'))) return 'failed';
  } else {
    const unmodified = dateOf(headers, 'if-unmodified-since');
    if (unmodified !== undefined && seconds(version) > unmodified) return 'failed';
  }
  const noneMatch = listOf(headers, 'if-none-match');
  if (noneMatch !== undefined)
    return noneMatch.some((tag) => tag === '*' || isSame(tag, version, 'weak')) ? 'not-modified' : 'send';
  const modified = dateOf(headers, 'if-modified-since');
  return modified !== undefined && seconds(version) <= modified ? 'not-modified' : 'send';
}

/** Whether a part goes with what the client has already; without the same strong version it gets the whole. */
export function goesOnFrom(headers: HeaderList, version: FileVersion): boolean {
  const [condition] = headerValues(headers, 'if-range');
  if (condition === undefined) return true;
  if (/^(W\/)?"/.test(condition)) return isSame(condition, version, 'strong');
  const date = Date.parse(condition);
  // A date proves as much as a tag where it cannot be that of two versions.
  return !version.tag.startsWith('W/') && Math.floor(date / 1_000) === seconds(version);
}

function isSame(tag: string, version: FileVersion, comparison: 'strong' | 'weak'): boolean {
  if (comparison === 'strong') return tag === version.tag && !tag.startsWith('W/');
  return tag.replace(/^W\//, '') === version.tag.replace(/^W\//, '');
}

function seconds({ modifiedMs }: FileVersion): number {
  return Math.floor(modifiedMs / 1_000);
}

/** Tags in quotes, which may hold commas, or a star. */
function listOf(headers: HeaderList, name: string): string[] | undefined {
  const values = headerValues(headers, name);
  return values.length === 0 ? undefined : (values.join(',').match(/(?:W\/)?"[^"]*"|\*/g) ?? []);
}

/** In seconds; undefined for what is no date, which is no condition. */
function dateOf(headers: HeaderList, name: string): number | undefined {
  const [text] = headerValues(headers, name);
  const date = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.floor(date / 1_000);
}
