/** Waits for rest: for a figure that something else changes until it can change it no more. */
import { until } from './front-door.ts';

const looksUnchanged = 15;

/** Waits until a figure stops changing: no more fits into the buffers on the way. */
export async function unchanged(figure: () => number, what: string): Promise<void> {
  let last = Number.NaN;
  let looks = 0;
  await until(() => {
    looks = figure() === last ? looks + 1 : 0;
    last = figure();
    return Promise.resolve(looks >= looksUnchanged);
  }, what);
}
