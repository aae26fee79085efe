/** `mooring health` for containers, which ask every few seconds: without the other commands, which cost ten times as much to load. */
import { loadFrom, openSource } from '#shared/settings/source.ts';
import { checkHealth } from './health.ts';

const result = loadFrom(openSource('direct', {}, process.env));
try {
  if (result.kind === 'invalid') throw new Error(result.faults.join('; '));
  await checkHealth(result.settings, process.argv.includes('--ready'));
} catch (error) {
  process.stderr.write(`mooring: ${(error as Error).message}\n`);
  process.exit(1);
}
