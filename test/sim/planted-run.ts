/** Plays schedules on a product with a planted fault, on a thread of its own, until the fault is found. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { Worker } from 'node:worker_threads';
import type { Plant } from './plants.ts';
import type { Invariant } from './verdict.ts';

export interface PlantedEnd {
  readonly played: number;
  readonly invariant: Invariant | undefined;
  readonly message: string;
}

interface PlantedWork {
  readonly plant: Plant;
  readonly seed: number;
  readonly runs: number;
}

const root = new URL('../../', import.meta.url);

/** How many schedules it took to find the fault. */
export async function runPlanted(work: PlantedWork): Promise<PlantedEnd> {
  const { promise, resolve, reject } = Promise.withResolvers<PlantedEnd>();
  const worker = new Worker(new URL(import.meta.url), { workerData: work });
  worker.once('message', resolve);
  worker.once('error', reject);
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}

async function work({ plant, seed, runs }: PlantedWork): Promise<PlantedEnd> {
  const { href } = new URL(plant.file, root);
  const text = readFileSync(new URL(href), 'utf8');
  if (text.split(plant.find).length !== 2) throw new Error(`${plant.file} does not hold once: ${plant.find}`);
  registerHooks({
    load: (url, context, nextLoad) => {
      if (url !== href) return nextLoad(url, context);
      const source = text.replace(plant.find, () => plant.replace);
      return { format: 'module-typescript', source, shortCircuit: true };
    },
  });
  const { runSchedules } = await import('./schedules.ts');
  const { played, breaches } = await runSchedules({
    seed,
    runs,
    breachesMax: 1,
    onDocuments: plant.onDocuments,
  });
  const breach = breaches[0]?.breach;
  return { played, invariant: breach?.invariant, message: breach?.message ?? 'nothing was found' };
}

if (!isMainThread && parentPort !== null) {
  parentPort.postMessage(await work(workerData as PlantedWork));
}
