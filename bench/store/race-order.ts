/** What one front door of the race is to do, and the form of its answers. */
import type { StorePlace } from './bench-stores.ts';

/** Doubles of one answer. */
export const answerFields = 4;

export interface RaceOrder {
  readonly place: StorePlace;
  readonly keys: number;
  /** The first key of this racer, so that all meet every key at another time, and neighbours at about the same. */
  readonly from: number;
  /** Where the answers go: for each key `edge incarnation epoch epochMilliseconds`, as `answerFields` doubles. */
  readonly answersPath: string;
}

/** What a racer tells: how many keys it has placed, now and then; at its end how long it took, and how often the store refused. */
export type RaceReport = { readonly kind: 'placed'; readonly count: number } | RaceEnd;

export interface RaceEnd {
  readonly kind: 'ended';
  readonly seconds: number;
  readonly refused: number;
}
