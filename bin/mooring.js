#!/usr/bin/env node
/**
 * The command. Plain JavaScript, so that it runs on any Node: where that one is too old, the Node that
 * `npm ci` installed takes over.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const neededMajor = 24;

if (Number(process.versions.node.split('.', 1)[0]) >= neededMajor) {
  await import('../cli/main.ts');
} else {
  const pinned = fileURLToPath(new URL('../node_modules/node/bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(`mooring needs Node ${neededMajor}; this is ${process.version}. Run: npm ci\n`);
    process.exit(1);
  }
  const result = spawnSync(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
  });
  process.exit(result.status ?? 1);
}
