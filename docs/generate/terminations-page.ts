/** `docs/terminations.md`: the two letters at the end of an exchange. */
import { enders, phases } from '#shared/terminations.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Termination codes

The line of a settled exchange has \`ended\`: two letters that say who ended it and in which phase, as HAProxy has them for
its own. \`--\` is a good end, whatever the status. \`PR\` is a request that was refused before anything else happened; \`SD\` an edge
that broke its answer off; \`CU\` a WebSocket that its client closed. \`code\` beside it says more, where there was an error.`;

export function renderTerminationsPage(): string {
  const first = Object.entries(enders).map(([letter, meaning]) => [code(letter), meaning]);
  const second = Object.entries(phases).map(([letter, meaning]) => [code(letter), meaning]);
  return [
    intro,
    '## First letter: who',
    renderTable(['Letter', 'Who ended it'], first),
    '## Second letter: when',
    renderTable(['Letter', 'In which phase'], second),
  ].join('\n\n');
}
