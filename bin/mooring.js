#!/usr/bin/env node
/**
 * The command. Plain JavaScript, so that it runs on any Node: where that one is too old, the Node that
 * `npm ci` installed takes over.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';
import { findFreshProgram } from './fresh-program.js';

const neededMajor = 24;

if (Number(process.versions.node.split('.', 1)[0]) >= neededMajor) {
  keepCompiled();
  const [name, flag, ...rest] = process.argv.slice(2);
  const isHealth = name === 'health' && [undefined, '--ready'].includes(flag) && rest.length === 0;
  if (isHealth) await import('../cli/health-quickly.ts');
  else await import(findFreshProgram() ?? '../cli/main.ts');
} else {
  const pinned = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(pinned)) {
    process.stderr.write(`mooring needs Node ${neededMajor}; this is ${process.version}. Run: npm ci\n`);
    process.exit(1);
  }
  runWith(pinned);
}

/**
 * What Node makes of the sources is kept beside them, where only whoever installs them writes, or where NODE_COMPILE_CACHE
 * says: a third of a start. Where nothing can be written, each start makes it anew.
 */
function keepCompiled() {
  const folder = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url));
  // Threads and processes that this one starts go by the variable.
  process.env.NODE_COMPILE_CACHE ||= folder;
  modules.enableCompileCache(process.env.NODE_COMPILE_CACHE);
}

/** Stands for the process that does the work: passes signals on, ends as it ends, and takes it along when killed. */
function runWith(node) {
  // The channel carries nothing: its end tells the other process that this one is gone.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}
