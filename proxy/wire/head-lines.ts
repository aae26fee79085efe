/** A request's head as those who pass it on need it: by lists, whoever read it and from what. */
import type { HeaderList } from '../core/header-list.ts';

export interface HeadLines {
  readonly method: string;
  /** Names in lower case. */
  headers(): HeaderList;
  /** The lines of the fields without those of the given numbers (ascending). */
  linesWithout(dropped: readonly number[]): string;
}
