/** Who we are to a registry: what the settings say, else what `docker login` has kept. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

export interface RegistryLogin {
  readonly user: string;
  readonly password: string;
}

const configSchema = z.object({
  auths: z
    .record(z.string(), z.object({ auth: z.string().optional(), identitytoken: z.string().optional() }))
    .optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});

/** Undefined: as nobody. Throws a line for people where what Docker has kept cannot be read. */
export function registryLoginOf(
  host: string,
  { user, password }: RegistryLogin,
  env: NodeJS.ProcessEnv,
): RegistryLogin | undefined {
  if (user !== '') return { user, password };
  const path = join(env['DOCKER_CONFIG'] ?? join(homedir(), '.docker'), 'config.json');
  if (!existsSync(path)) return undefined;
  const config = readConfig(path);
  const found = Object.entries(config.auths ?? {}).find(([name]) => hostOf(name) === host)?.[1];
  if (found?.auth !== undefined && found.auth !== '') return decode(found.auth, path);
  const helper = config.credHelpers?.[host] ?? (found === undefined ? undefined : config.credsStore);
  if (helper !== undefined)
    throw new Error(
      `Docker keeps the login to ${host} in a helper (${helper}), which is not asked: set CT_REGISTRY_USER and CT_REGISTRY_PASSWORD`,
    );
  return undefined;
}

function readConfig(path: string): z.output<typeof configSchema> {
  try {
    return configSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    throw new Error(`${path} cannot be read as Docker's configuration`, { cause });
  }
}

/** Docker writes hosts, and for old ones addresses. */
function hostOf(name: string): string {
  return name.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
}

function decode(auth: string, path: string): RegistryLogin {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error(`${path} has a login that is none`);
  return { user: text.slice(0, colon), password: text.slice(colon + 1) };
}
