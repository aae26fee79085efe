/** One hash over the cluster-wide settings, so that an edge with other settings is refused at the door. */
import { createHash } from 'node:crypto';
import { settingNames } from './settings/load.ts';
import { settingsSchema } from './settings/schema.ts';
import type { Role, Settings } from './settings/schema.ts';

/** Covers the `cluster` settings that front doors and edges both read. */
export function hashClusterSettings(settings: Settings): string {
  const hash = createHash('sha256');
  for (const name of settingNames) {
    const { scope, roles } = settingsSchema[name] as { scope: string; roles: readonly Role[] };
    if (scope === 'cluster' && roles.includes('proxy') && roles.includes('edge')) {
      hash.update(`${name}=${String(settings[name])}\n`);
    }
  }
  return hash.digest('base64url');
}
