/**
 * Keeps sources whose types Node has erased, for the thousand processes that tests start: erasing is two fifths of what
 * the start of a front door costs. Loaded by `--import` into every process of `npm test`; plain JavaScript, for else it
 * would have to be erased itself. The text is what Node makes of it, so lines and columns of errors stay.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL(`../../node_modules/.cache/types-${process.version}`, import.meta.url));
const digestLength = 40;

// An older Node that a test starts has no such hooks, and needs none.
modules.registerHooks?.({
  load(url, context, next) {
    if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
    const source = readFileSync(new URL(url), 'utf8');
    return { format: 'module', source: erasedOf(url, source), shortCircuit: true };
  },
});

/** One file for each module, with the digest of the source that it was made of in front. */
function erasedOf(url, source) {
  const digest = digestOf(source);
  const path = `${folder}/${digestOf(url)}`;
  try {
    const kept = readFileSync(path, 'utf8');
    if (kept.startsWith(digest)) return kept.slice(digestLength);
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const erased = withoutWarnings(() => modules.stripTypeScriptTypes(source, { mode: 'strip' }));
  keep(path, digest + erased);
  return erased;
}

/** Node calls the function an experiment, on the standard error of a process whose tests want nothing there. */
function withoutWarnings(work) {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Others may read it at the same time, so it is there as a whole or not at all. */
function keep(path, text) {
  try {
    mkdirSync(folder, { recursive: true });
    const own = `${path}.${process.pid}`;
    writeFileSync(own, text);
    renameSync(own, path);
  } catch {
    // Tests have processes of other users, and disks that are full: what is not kept is erased again.
  }
}

function digestOf(text) {
  return createHash('sha1').update(text).digest('hex');
}
