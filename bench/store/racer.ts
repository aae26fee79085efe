/** One front door of the race, as a process of its own: places its keys, and writes down every answer. */
import { writeFileSync } from 'node:fs';
import { openPlace } from './bench-stores.ts';
import { KeyPlacer } from './key-placer.ts';
import { answerFields } from './race-order.ts';
import type { RaceOrder, RaceReport } from './race-order.ts';

process.once('message', (order: RaceOrder) => void race(order));

async function race({ place, keys, from, answersPath }: RaceOrder): Promise<void> {
  const directory = await openPlace(place);
  const placer = new KeyPlacer(directory);
  await placer.open();
  const answers = new Float64Array(keys * answerFields);
  const everySo = Math.ceil(keys / 50);
  let placed = 0;
  const { seconds } = await placer.place(keys, from, ({ key, owner, epoch }) => {
    if (++placed % everySo === 0) report({ kind: 'placed', count: placed });
    const [, edge, incarnation] = /^edge-(\d+):(\d+)$/.exec(owner)!;
    answers.set([Number(edge), Number(incarnation), epoch, Date.now()], key * answerFields);
  });
  placer.close();
  await directory.close();
  writeFileSync(answersPath, answers);
  report({ kind: 'ended', seconds, refused: placer.refused });
  process.disconnect();
}

function report(message: RaceReport): void {
  process.send!(message);
}
