/** `mooring versions`: the versions that a registry has, and which of them runs where. */
import type { Settings } from '#shared/settings/schema.ts';
import { isTagOf, readImageTags } from '#shared/registry/image-tags.ts';
import { ask } from './admin-client.ts';
import { print } from './inspect.ts';
import type { InspectOptions } from './inspect.ts';

export const versionsHelp = `
Asks a Docker Registry v2 for the tags of CT_REGISTRY_IMAGE, as CT_REGISTRY_USER or as docker login has kept it. The
front door that --admin, --data-dir or its socket leads to says what runs; without one the list comes alone.

Examples:
  mooring versions --registry-image registry.example.org/mooring/edge
  CT_REGISTRY_IMAGE=localhost:5000/mooring mooring versions --json`;

interface VersionsOptions extends InspectOptions {
  readonly limit?: string;
}

interface StatusView {
  readonly version: string;
  /** An older front door tells none. */
  readonly frontDoors?: readonly {
    readonly name: string;
    readonly version: string;
    readonly isThis: boolean;
  }[];
}

/** Members by the version that they run. */
type Running = ReadonlyMap<string, readonly string[]>;

export async function versions(settings: Settings, options: VersionsOptions): Promise<void> {
  if (settings.CT_REGISTRY_IMAGE === '')
    throw new Error('which image? set CT_REGISTRY_IMAGE, or --registry-image HOST/PATH');
  const limit = options.limit ?? '20';
  if (!/^\d{1,5}$/.test(limit) || Number(limit) < 1) throw new Error('--limit must be a whole number from 1');
  const [{ image, tags }, found] = await Promise.all([
    readImageTags(settings, process.env),
    findRunning(options),
  ]);
  const running: Running = typeof found === 'string' ? new Map() : found;
  const isDifferent = running.size > 1;
  const view = {
    image,
    isDifferent,
    running: Object.fromEntries(running),
    tags: tags.map((tag) => ({ tag, runsOn: membersOf(running, tag) })),
  };
  print(options, view, () => [
    ...view.tags.slice(0, Number(limit)).map(({ tag, runsOn }) => {
      return runsOn.length === 0 ? `  ${tag}` : `* ${tag.padEnd(20)} runs on ${runsOn.join(', ')}`;
    }),
    ...(tags.length > Number(limit) ? [`  and ${tags.length - Number(limit)} more (--limit)`] : []),
    ...(tags.length === 0 ? [`${view.image} has no tags`] : []),
    ...(typeof found === 'string' ? ['', `what runs is not marked: ${found}`] : notesOf(running, tags)),
  ]);
}

function notesOf(running: Running, tags: readonly string[]): string[] {
  const missing = [...running].filter(([version]) => !tags.some((tag) => isTagOf(tag, version)));
  return [
    ...missing.map(
      ([version, members]) => `${version} runs on ${members.join(', ')}, and is not in the registry`,
    ),
    ...(running.size > 1
      ? [`members run ${running.size} different versions: ${[...running.keys()].join(', ')}`]
      : []),
  ];
}

/** The reason, where it cannot be known. */
async function findRunning(options: InspectOptions): Promise<Running | string> {
  try {
    const [status, { edges }] = await Promise.all([
      ask<StatusView>(options, '/admin/status'),
      ask<{ edges: { id: string; kind: string; version: string }[] }>(options, '/admin/edges'),
    ]);
    const running = new Map([[status.version, ['the front door']]]);
    const add = (version: string, member: string): void =>
      void running.set(version, [...(running.get(version) ?? []), member]);
    for (const { name, version, isThis } of status.frontDoors ?? [])
      if (!isThis) add(version, `front door ${name}`);
    for (const { id, version } of edges.filter((edge) => edge.version !== '')) add(version, id);
    return running;
  } catch (error) {
    // Where one was named it was meant.
    if (options.admin !== undefined) throw error;
    return (error as Error).message;
  }
}

function membersOf(running: Running, tag: string): string[] {
  return [...running].filter(([version]) => isTagOf(tag, version)).flatMap(([, members]) => members);
}
