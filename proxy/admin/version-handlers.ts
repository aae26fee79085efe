/**
 * The admin API for versions: what runs where, and which ones the registry of images has. However many look, the registry is asked
 * once a minute at most.
 */
import { isTagOf, readImageTags } from '#shared/registry/image-tags.ts';
import { isOlderVersion } from '#shared/registry/order-tags.ts';
import type { Settings } from '#shared/settings/schema.ts';
import { version } from '#shared/version.ts';
import type { FrontDoorRoll } from '../front-door-roll.ts';
import type { EdgePool } from '../membership/pool.ts';
import type { AdminTable } from './admin-table.ts';
import type { Handlers } from './operation.ts';

interface VersionOptions {
  readonly settings: Settings;
  readonly pool: Pick<EdgePool, 'list'>;
  readonly roll: FrontDoorRoll;
  readonly nowMs: () => number;
}

interface Asked {
  readonly repository: string;
  readonly atMs: number;
  readonly answer: Promise<{ readonly tags: readonly string[]; readonly fault: string }>;
}

const keptMs = 60_000;
/** Newest tags of one answer. */
const tagsMax = 50;

export function versionHandlers({
  settings,
  pool,
  roll,
  nowMs,
}: VersionOptions): Handlers<AdminTable, 'versions'> {
  let asked: Asked | undefined;
  const ask = async (repository: string): Promise<{ tags: readonly string[]; fault: string }> => {
    if (repository === '') return { tags: [], fault: '' };
    try {
      return { tags: (await readImageTags(settings, process.env)).tags, fault: '' };
    } catch (error) {
      return { tags: [], fault: (error as Error).message };
    }
  };
  const runningNow = (): ReadonlyMap<string, readonly string[]> => {
    const running = new Map([[version, ['this front door']]]);
    const add = (name: string, member: string): void =>
      void running.set(name, [...(running.get(name) ?? []), member]);
    for (const door of roll.doors) if (!roll.isThis(door)) add(door.version, `front door ${door.name}`);
    for (const edge of pool.list(nowMs())) if (edge.version !== '') add(edge.version, edge.id);
    return running;
  };
  return {
    versions: async () => {
      const repository = settings.CT_REGISTRY_IMAGE;
      if (asked?.repository !== repository || nowMs() - asked.atMs > keptMs)
        asked = { repository, atMs: nowMs(), answer: ask(repository) };
      const { tags, fault } = await asked.answer;
      const running = [...runningNow()].map(([name, members]) => ({
        version: name,
        members,
        isInRegistry: tags.some((tag) => isTagOf(tag, name)),
      }));
      return {
        repository,
        fault,
        running,
        total: tags.length,
        tags: tags.slice(0, tagsMax).map((tag) => ({
          tag,
          isNewer: isOlderVersion(version, tag),
          runsOn: running.filter((one) => isTagOf(tag, one.version)).flatMap(({ members }) => members),
        })),
      };
    },
  };
}
