/** Finds the configuration of the database where administrators put it: a variable, or a file. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from '../settings/schema.ts';
import { parseLocatorConfig } from './database-settings.ts';
import type { DatabaseSettings } from './database-settings.ts';

const fileName = 'locator-config.json';
/** Where the original product's image has it. */
const originalFolder = '/opt/codetogether/runtime';

/** Undefined where the store is SQLite; throws one error with every fault. */
export function readDatabaseSettings(settings: Settings): DatabaseSettings | undefined {
  const source = findSource(settings);
  if (source === undefined) return undefined;
  const result = parseLocatorConfig(source.text, {
    sslCA: settings.CT_DB_SSL_CA,
    sslCert: settings.CT_DB_SSL_CERT,
    sslKey: settings.CT_DB_SSL_KEY,
  });
  if (result.kind === 'invalid') {
    throw new Error(result.faults.map((fault) => `${source.name}: ${fault}`).join('\n'));
  }
  return result.config.database;
}

function findSource(settings: Settings): { name: string; text: string } | undefined {
  const given = settings.CT_LOCATOR_CONFIG.trim();
  if (given.startsWith('{')) return { name: 'CT_LOCATOR_CONFIG', text: given };
  const known = [join(settings.CT_DATA_DIR, fileName), join(originalFolder, fileName)];
  const path = given === '' ? known.find((candidate) => existsSync(candidate)) : given;
  if (path === undefined) return undefined;
  try {
    return { name: path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const { code = 'it cannot be read' } = error as NodeJS.ErrnoException;
    throw new Error(`CT_LOCATOR_CONFIG: neither JSON nor a file that can be read: ${path} (${code})`, {
      cause: error,
    });
  }
}
