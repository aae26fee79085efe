/** All live pins of one incarnation, read in parts so that no other question to the directory waits for long. */
import type { AffinityKey } from '#shared/ids.ts';
import type { Directory, EdgeRef, Pin } from '../directory/directory.ts';

const partMax = 500;

export async function readLivePins(directory: Directory, owner: EdgeRef): Promise<Map<AffinityKey, Pin>> {
  const pins = new Map<AffinityKey, Pin>();
  let after = '';
  for (;;) {
    const part = await directory.listLivePins(owner, after, partMax);
    for (const pin of part) pins.set(pin.key, pin);
    if (part.length < partMax) return pins;
    after = part.at(-1)!.key;
  }
}
