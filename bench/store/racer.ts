/** One front door of the race, as a process of its own: places its keys, and writes down every answer. */
import { writeFileSync } from 'node:fs';
import { openPlace } from './bench-stores.ts';
import type { StorePlace } from './bench-stores.ts';
import { KeyPlacer } from './key-placer.ts';

export interface RaceOrder {
  readonly place: StorePlace;
  readonly keys: number;
  /** The first key of this racer, so that all meet every key at another time, and neighbours at about the same. */
  readonly from: number;
  /** Where the answers go: for each key `edge incarnation epoch`, as three doubles. */
  readonly answersPath: string;
}

process.once('message', (order: RaceOrder) => void race(order));

async function race({ place, keys, from, answersPath }: RaceOrder): Promise<void> {
  const directory = await openPlace(place);
  const placer = new KeyPlacer(directory);
  await placer.open();
  const answers = new Float64Array(keys * 3);
  const { seconds } = await placer.place(keys, from, ({ key, owner, epoch }) => {
    const [, edge, incarnation] = /^edge-(\d+):(\d+)$/.exec(owner)!;
    answers.set([Number(edge), Number(incarnation), epoch], key * 3);
  });
  placer.close();
  await directory.close();
  writeFileSync(answersPath, answers);
  process.send!({ seconds });
  process.disconnect();
}
