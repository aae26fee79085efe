/** One front door of the race, as a process of its own: places its keys, and writes down every answer. */
import { writeFileSync } from 'node:fs';
import { openPlace } from './bench-stores.ts';
import { KeyPlacer } from './key-placer.ts';
import { answerFields } from './race-order.ts';
import type { RaceOrder } from './race-order.ts';

process.once('message', (order: RaceOrder) => void race(order));

async function race({ place, keys, from, answersPath }: RaceOrder): Promise<void> {
  const directory = await openPlace(place);
  const placer = new KeyPlacer(directory);
  await placer.open();
  const answers = new Float64Array(keys * answerFields);
  const { seconds } = await placer.place(keys, from, ({ key, owner, epoch }) => {
    const [, edge, incarnation] = /^edge-(\d+):(\d+)$/.exec(owner)!;
    answers.set([Number(edge), Number(incarnation), epoch, Date.now()], key * answerFields);
  });
  placer.close();
  await directory.close();
  writeFileSync(answersPath, answers);
  process.send!({ seconds });
  process.disconnect();
}
