/** Static backends, keys of a test of its own, and which of the backends answers for each of them. */
import type { Lifetime } from './child-end.ts';
import { ask } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { startStaticBackend } from './static-backend.ts';
import type { StaticBackend } from './static-backend.ts';

/** Three backends that know nothing of us. */
export async function startBackends(t: Lifetime): Promise<[StaticBackend, StaticBackend, StaticBackend]> {
  return [
    await startStaticBackend(t, 'a'),
    await startStaticBackend(t, 'b'),
    await startStaticBackend(t, 'c'),
  ];
}

export function makeKeys(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
}

/** The name of the backend that answers for the key. */
export async function ownerOf(door: FrontDoor, key: string): Promise<string | undefined> {
  return (await ask(door, '/', { headers: { ctstickiness: key } })).json.backend;
}

export async function ownersOf(
  door: FrontDoor,
  keys: readonly string[],
): Promise<Map<string, string | undefined>> {
  const owners = new Map<string, string | undefined>();
  for (const key of keys) owners.set(key, await ownerOf(door, key));
  return owners;
}
