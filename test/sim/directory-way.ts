/** The way of a front door's calls to the directory: takes time, and is down now and then, before a call or behind it. */
import { AppError } from '#shared/errors.ts';
import type { Carry } from './directory-table.ts';
import type { Ground } from './network.ts';
import type { SimProcess } from './virtual-time.ts';

/** A call fails after this where it gets no answer. */
const callDeadlineMs = 5_000;
const fastMs = 3;

export class DirectoryWay {
  downUntilMs = 0;
  slowMs = fastMs;
  readonly #ground: Ground;

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  carrierOf(process: SimProcess): Carry {
    return async (run) =>
      await new Promise((resolve, reject) => {
        const { time, random } = this.#ground;
        const fail = (): void => reject(new AppError('directory-unavailable'));
        const isDown = (): boolean => time.nowMs < this.downUntilMs;
        time.after(random.delay(0.1, this.slowMs), process, () => {
          // The way back takes its time only where it can matter.
          if (this.slowMs <= fastMs && !isDown()) return resolve(run());
          const isLate = random.chance(0.3);
          if (isDown() && !isLate) return void time.after(random.int(1, callDeadlineMs), process, fail);
          const answer = run();
          // The call was carried out, and nobody hears of it.
          if (isDown()) return void time.after(callDeadlineMs, process, fail);
          time.after(random.delay(0.1, this.slowMs), process, () => resolve(answer));
        });
      });
  }
}
