/** `deploy/grafana/mooring.json`: what a pool does and how it fares, as a dashboard on Prometheus to import into Grafana. */
interface Panel {
  readonly title: string;
  readonly unit: 'short' | 's' | 'reqps' | 'Bps' | 'bytes';
  /** Legend by expression. */
  readonly lines: Readonly<Record<string, string>>;
}

const window = '[$__rate_interval]';

function quantiles(metric: string): Panel['lines'] {
  const of = (quantile: number): string =>
    `histogram_quantile(${quantile}, sum by (le) (rate(${metric}_bucket${window})))`;
  return { p50: of(0.5), p99: of(0.99) };
}

const rows: Readonly<Record<string, readonly Panel[]>> = {
  Pool: [
    { title: 'Users online', unit: 'short', lines: { users: 'max(ct_pool_users_online)' } },
    {
      title: 'Sessions and connections',
      unit: 'short',
      lines: {
        sessions: 'max(ct_pool_sessions_active)',
        connections: 'max(ct_pool_session_connections_active)',
      },
    },
    {
      title: 'Sessions that began',
      unit: 'short',
      lines: { 'in an hour': 'sum(increase(ct_pool_sessions_hosted_total[1h]))' },
    },
    { title: 'Server lag', unit: 's', lines: { 'median, all edges': 'max(ct_pool_server_lag_seconds)' } },
  ],
  'Front doors': [
    {
      title: 'Exchanges',
      unit: 'reqps',
      lines: { '{{kind}} {{class}}': `sum by (kind, class) (rate(ct_proxy_exchanges_total${window}))` },
    },
    { title: 'Time of an exchange', unit: 's', lines: quantiles('ct_proxy_exchange_seconds') },
    {
      title: 'Refused, by code',
      unit: 'reqps',
      lines: { '{{code}}': `sum by (code) (rate(ct_proxy_rejected_total${window}))` },
    },
    {
      title: 'Open exchanges',
      unit: 'short',
      lines: { '{{kind}}': 'sum by (kind) (ct_proxy_exchanges_open)' },
    },
    {
      title: 'Bytes',
      unit: 'Bps',
      lines: { '{{direction}}': `sum by (direction) (rate(ct_proxy_bytes_total${window}))` },
    },
    {
      title: 'Placements, by reason',
      unit: 'reqps',
      lines: { '{{reason}}': `sum by (reason) (rate(ct_proxy_placements_total${window}))` },
    },
    { title: 'Time at the directory', unit: 's', lines: quantiles('ct_proxy_directory_seconds') },
    {
      title: 'Directory',
      unit: 'short',
      lines: {
        answers: 'min(ct_proxy_directory_up)',
        'pins not stored yet': 'sum(ct_proxy_provisional_pins)',
        splits: 'sum(ct_proxy_split_detected_total)',
      },
    },
  ],
  Edges: [
    {
      title: 'States',
      unit: 'short',
      lines: { '{{state}}': 'count by (state) (max by (edge, state) (ct_proxy_edge_state))' },
    },
    {
      title: 'Load score, 1 is idle',
      unit: 'short',
      lines: { '{{edge}}': 'max by (edge) (ct_proxy_edge_load)' },
    },
    {
      title: 'Sessions',
      unit: 'short',
      lines: { '{{instance}}': 'sum by (instance) (ct_edge_sessions)' },
    },
    { title: 'Time to commit an edit', unit: 's', lines: quantiles('ct_edge_commit_seconds') },
    {
      title: 'Messages',
      unit: 'reqps',
      lines: { '{{instance}}': `sum by (instance) (rate(ct_edge_messages_total${window}))` },
    },
    { title: 'Waiting for members', unit: 'bytes', lines: { '{{instance}}': 'ct_edge_outbox_bytes' } },
    {
      title: 'Moves, by outcome',
      unit: 'short',
      lines: { '{{outcome}}': 'sum by (outcome) (increase(ct_proxy_moves_total[1h]))' },
    },
    {
      title: 'Event loop, p99',
      unit: 's',
      lines: { '{{instance}}': 'nodejs_eventloop_lag_p99_seconds' },
    },
    { title: 'Memory', unit: 'bytes', lines: { '{{instance}}': 'process_resident_memory_bytes' } },
  ],
};

/** Every expression, for tests. */
export const grafanaExpressions: readonly string[] = Object.values(rows)
  .flat()
  .flatMap(({ lines }) => Object.values(lines));

const wide = 24;
const panelWidth = 6;
const panelHeight = 7;

export function renderGrafanaDashboard(): string {
  const panels: object[] = [];
  let y = 0;
  for (const [title, list] of Object.entries(rows)) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title,
      gridPos: { x: 0, y, w: wide, h: 1 },
      panels: [],
    });
    y++;
    for (const [i, panel] of list.entries()) {
      const x = (i * panelWidth) % wide;
      const row = Math.floor((i * panelWidth) / wide);
      const gridPos = { x, y: y + row * panelHeight, w: panelWidth, h: panelHeight };
      panels.push(renderPanel(panel, panels.length + 1, gridPos));
    }
    y += Math.ceil((list.length * panelWidth) / wide) * panelHeight;
  }
  const dashboard = {
    uid: 'mooring',
    title: 'Mooring',
    tags: ['mooring'],
    schemaVersion: 39,
    refresh: '10s',
    time: { from: 'now-1h', to: 'now' },
    templating: {
      list: [{ name: 'source', label: 'Prometheus', type: 'datasource', query: 'prometheus' }],
    },
    panels,
  };
  return JSON.stringify(dashboard);
}

function renderPanel({ title, unit, lines }: Panel, id: number, gridPos: object): object {
  const datasource = { type: 'prometheus', uid: '${source}' };
  return {
    id,
    type: 'timeseries',
    title,
    gridPos,
    datasource,
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: Object.entries(lines).map(([legendFormat, expr], i) => ({
      refId: String.fromCodePoint('A'.codePointAt(0)! + i),
      datasource,
      expr,
      legendFormat,
    })),
  };
}
