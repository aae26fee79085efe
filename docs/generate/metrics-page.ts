/** `docs/metrics.md`: every metric with its type, labels and meaning, by the process that has it. */
import { metricTable } from '#shared/metric-table.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Metrics

Each process serves its metrics in the Prometheus text format at \`/metrics\` of its admin port, beside the default ones
of Node (\`process_*\`, \`nodejs_*\`). Labels are bounded sets: never a key, an address or a user.`;

const processes = [
  { title: 'Whole pool, on every front door', prefix: 'ct_pool_' },
  { title: 'Front door', prefix: 'ct_proxy_' },
  { title: 'Edge', prefix: 'ct_edge_' },
] as const;

export function renderMetricsPage(): string {
  assertEveryMetricIsShown();
  const sections = processes.map(({ title, prefix }) => `## ${title}\n\n${renderProcess(prefix)}`);
  return [intro, ...sections].join('\n\n');
}

/** A metric with another beginning would be missing from the page without a word. */
function assertEveryMetricIsShown(): void {
  const missing = Object.keys(metricTable).filter(
    (name) => !processes.some(({ prefix }) => name.startsWith(prefix)),
  );
  if (missing.length > 0) throw new Error(`metrics without a part of the page: ${missing.join(', ')}`);
}

function renderProcess(prefix: string): string {
  const head = ['Metric', 'Type', 'Labels', 'Meaning'];
  const rows = Object.entries(metricTable)
    .filter(([name]) => name.startsWith(prefix))
    .map(([name, entry]) => [code(name), entry.type, entry.labels.map(code).join(', '), entry.help]);
  return renderTable(head, rows);
}
