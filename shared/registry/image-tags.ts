/**
 * The tags of the repository that the settings name, and which of them a version goes by. The HTTP client is loaded when it is asked
 * for: other commands know this file.
 */
import type { Settings } from '../settings/schema.ts';
import { parseImageName } from './image-name.ts';
import { newestFirst } from './order-tags.ts';
import { registryLoginOf } from './registry-login.ts';

type RegistrySettings = Pick<
  Settings,
  'CT_REGISTRY_IMAGE' | 'CT_REGISTRY_USER' | 'CT_REGISTRY_PASSWORD' | 'CT_PROXY'
>;

interface ImageTags {
  /** Host and path. */
  readonly image: string;
  /** Newest first. */
  readonly tags: readonly string[];
}

/** Asks the registry; rejects with a line for people. */
export async function readImageTags(settings: RegistrySettings, env: NodeJS.ProcessEnv): Promise<ImageTags> {
  const image = parseImageName(settings.CT_REGISTRY_IMAGE);
  const own = { user: settings.CT_REGISTRY_USER, password: settings.CT_REGISTRY_PASSWORD };
  const login = registryLoginOf(image.host, own, env);
  const [{ openOutbound }, { listTags }] = await Promise.all([
    import('../outbound.ts'),
    import('./list-tags.ts'),
  ]);
  const outbound = openOutbound(settings.CT_PROXY);
  try {
    const tags = await listTags(image, login, outbound);
    return { image: `${image.host}/${image.repository}`, tags: newestFirst(tags) };
  } finally {
    await outbound.destroy();
  }
}

export function isTagOf(tag: string, version: string): boolean {
  return tag === version || tag === `v${version}`;
}
