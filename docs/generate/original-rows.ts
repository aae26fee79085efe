/**
 * What administrators of the original product know, row by row, with what it is here and the tests that hold it. Rows that name a
 * `trial` are tried in both modes, on a single server and on several, by `test/system/original-product.test.ts`.
 */

import type { OriginalRow } from './original-row.ts';
import { originalVariables } from './original-variables.ts';

const front = 'test/system';

export const originalRows = {
  ...originalVariables,
  health: {
    section: 'paths',
    original: '`/ct-health/`',
    here: '200 while an edge is ready, else 503; `/livez` and `/readyz` on the admin port.',
    trial: true,
    tests: [
      `${front}/service-life.long.ts: mooring health tells a process that lives from one that is ready`,
    ],
  },
  metricsPath: {
    section: 'paths',
    original: '`/metrics`, with `CT_PROMETHEUS_ENABLED`',
    here: 'The same, for a token or networks that are let in; of several front doors each by its settings, or all by the dashboard.',
    trial: true,
    tests: [
      `${front}/metrics.test.ts: Prometheus reads front door and edge`,
      `${front}/metrics.test.ts: on the port for clients nothing is served unless it is wanted`,
      `${front}/metrics-setting.long.ts: on the dashboard Prometheus is switched on and off for all front doors`,
    ],
  },
  dashboardPath: {
    section: 'paths',
    original: '`/dashboard`',
    here: 'The same; the gate is a form, or HTTP Basic for scripts.',
    trial: true,
    tests: [`${front}/dashboard-login.test.ts: whoever logs in sees the dashboard until logging out`],
  },
  logsPath: {
    section: 'paths',
    original: '`/logs`',
    here: 'Behind the same login, also in parts; the CSV files are `metrics.tar.gz`. Those of the front door that answers.',
    trial: true,
    tests: [`${front}/log-files.test.ts: an administrator gets the list of log files`],
  },
  clients: {
    section: 'paths',
    original: '`/clients`: install steps, availability check, Eclipse, IntelliJ and VS Code downloads',
    here: 'A folder of yours (`CT_CLIENTS_DIR`) with the same paths, and steps for each client.',
    trial: true,
    tests: [`${front}/downloads.test.ts: downloads of one front door`],
  },
  downloadCount: {
    section: 'paths',
    original: '`grep "GET /clients/eclipse/plugins/..." access.log | wc -l`',
    here: 'Counts with `CT_LOG_FORMAT=combined`; each client once on the dashboard, in metrics and `download-metrics.csv`.',
    trial: true,
    tests: [`${front}/downloads.test.ts: the access log has each GET as web servers write it`],
  },
  ssoPaths: {
    section: 'paths',
    original: '`/sso/authorization-code/callback`, `/sso/logout`',
    here: 'The same, so that what is registered at the provider stays.',
    tests: [`${front}/sso.test.ts: whom the provider knows gets into the dashboard of any front door`],
  },
  versionsList: {
    section: 'paths',
    original: 'List of available versions: Docker Registry v2, with the credentials of the registry',
    here: '`mooring versions` and the dashboard, newest first, with what runs marked; the dashboard warns of different versions.',
    tests: [
      `${front}/versions.test.ts: versions stand newest first, with the members that run them`,
      `${front}/versions.test.ts: a registry that knows its users is asked as one`,
      `${front}/dashboard-front-doors.long.ts: two dashboards on one database show one pool`,
    ],
  },
  clientPaths: {
    section: 'paths',
    original: '`/remote/host`, payloads by id, `/ct-intel-data`',
    here: 'Not here: the protocol of the original clients is closed. Open Collaboration and y-websocket clients take their place.',
    single: 'no',
    several: 'no',
    tests: [`${front}/oct-sessions.test.ts: a host and two guests work together on one edge`],
  },
  sixMetrics: {
    section: 'metrics',
    original:
      'Unique users online, active sessions, active session connections, average server lag, total sessions hosted, total plugins and extensions downloaded',
    here: 'Names of our own, `ct_pool_*`, for the original ones were never published; the front door adds the edges up.',
    trial: true,
    tests: [`${front}/metrics.test.ts: Prometheus reads front door and edge`],
  },
  statsd: {
    section: 'metrics',
    original:
      '`CT_METRICS_STATSD_HOST`, `CT_METRICS_STATSD_PORT`, `CT_METRICS_STATSD_PROTOCOL`; on the dashboard where there are several servers',
    here: 'The same, by UDP or TCP. What the dashboard says goes before the variables, for all front doors.',
    trial: true,
    tests: [`${front}/metrics.test.ts: a StatsD server is set for all front doors`],
  },
  ports: {
    section: 'service',
    original: 'Public ports 1080 and 1443 on all addresses; a private port on 127.0.0.1',
    here: 'The same ports, on loopback unless `CT_HOST` says otherwise (images do); control, admin and edge ports on loopback.',
    trial: true,
    tests: [`${front}/direct.test.ts: one readable line says when the pool serves, on which ports`],
  },
  supervisor: {
    section: 'service',
    original: '`forever list`: uid, command, process ids, log file, uptime; what dies is started again',
    here: '`mooring ps`.',
    several: 'front doors of one host (`CT_PROXY_WORKERS`); edges under systemd or an orchestrator',
    tests: [
      `${front}/service-life.long.ts: mooring ps shows each process, and counts its restarts and replacements`,
      `${front}/direct.test.ts: a killed edge is started again and takes keys as a new incarnation`,
      `${front}/workers.long.ts: in front of static backends the supervisor runs front doors alone, and starts again what dies`,
    ],
  },
  startScript: {
    section: 'service',
    original: 'A start script that kills what runs and starts it anew',
    here: '`mooring restart`: replaced, and nobody is put out. A second start is refused with the process that runs.',
    tests: [
      `${front}/drain.test.ts: a rolling restart replaces the front door and every edge`,
      `${front}/direct.test.ts: a second start on the same data folder is refused`,
    ],
  },
  logLines: {
    section: 'service',
    original:
      '"services now available on port 1080 (HTTP) and 1443 (SSL)", "Valid license installed", "Edge Server ready; connected to Locator for assignments", an entry for each edge that connects',
    here: 'The same words with our name, as `message` of lines of JSON.',
    trial: true,
    tests: [`${front}/service-life.long.ts: the log has the lines that administrators look for`],
  },
  logFiles: {
    section: 'service',
    original:
      '`server.log`, `sessions.log`, `usage.log`, session-metrics.csv, download-metrics.csv, access log of nginx',
    here: 'The same names in `CT_LOG_DIR`, one folder for each front door; fields in log-files.md.',
    trial: true,
    tests: [
      `${front}/history.long.ts: a pool of one machine tells how it is used, in its API, by the command, and in files`,
      `${front}/logs.test.ts: under load files begin anew by size, by a signal and by a move`,
    ],
  },
  cards: {
    section: 'dashboard',
    original:
      'Cards and table: users online, unique users of 30 days, connections of the limit; downloads, sessions, their length and participants',
    here: 'The same, live. Unique users are not limited by a licence.',
    tests: [
      `${front}/dashboard-stream.test.ts: front doors side by side show one pool`,
      `${front}/history.long.ts: a pool of one machine tells how it is used`,
    ],
  },
  graphs: {
    section: 'dashboard',
    original: 'Graphs of 30 days: sessions, peak connections, downloads by day; hosts and guests by client',
    here: 'The same.',
    tests: [
      `${front}/dashboard.test.ts: every page is accessible`,
      `${front}/history.long.ts: two front doors on one database count each session once`,
    ],
  },
  edgesTable: {
    section: 'dashboard',
    original:
      'Edge servers with users, sessions, status and version; pause: "Suspend assignment of new sessions"',
    here: 'The same, as maintenance (no new keys) and drain (sessions move away at once).',
    tests: [
      `${front}/dashboard.test.ts: a session is seen as it begins, and on the map where it goes when its edge is drained`,
      `${front}/steering.test.ts: in maintenance a backend keeps its keys and gets no new ones`,
    ],
  },
  activity: {
    section: 'dashboard',
    original: 'Recent activity; audit: one entry per session created, participant joined, participant left',
    here: 'The same, with ends, removals and who did what, by page, command and CSV.',
    tests: [
      `${front}/journal.test.ts: an administrator reads who came, left, was banned and logged in`,
      `${front}/dashboard.test.ts: a session is moved and ended from its row, and the audit names who did it`,
    ],
  },
  regionsPage: {
    section: 'dashboard',
    original: 'Regions with CIDR lists, and a graph of each',
    here: 'The same lists, with the edges and sessions of now; graphs are of the whole pool.',
    tests: [`${front}/dashboard.test.ts: regions are edited`],
  },
  advanced: {
    section: 'dashboard',
    original: 'Advanced: lowest client version, metrics',
    here: 'The same, with rules for hosts, idle times and a banner.',
    tests: [
      `${front}/dashboard.test.ts: settings of the pool are changed for all`,
      `${front}/pool-settings.test.ts: a rule for hosts holds on every edge through every front door`,
    ],
  },
  fileDownloads: {
    section: 'dashboard',
    original: 'Downloads of server.log, sessions.log, usage.log, metrics.tar.gz',
    here: 'The same, on each front door those of its own.',
    trial: true,
    tests: [`${front}/dashboard-downloads.test.ts: every link of the downloads leads to something`],
  },
  maxConnections: {
    section: 'sizing',
    original: '`max_connections=250` of the MySQL server',
    here: 'A process takes few connections; `mooring db check` says where the server allows too few.',
    single: 'SQLite has no server',
    tests: [`${front}/db.test.ts: check names what of a MariaDB would break a pool`],
  },
  outerProxy: {
    section: 'sizing',
    original:
      'An nginx in front: HTTP/1.1 upstream, Upgrade, X-Real-IP, X-Forwarded-For, Host; it echoes C-Real-IP and C-Forwarded-For',
    here: 'Behind listed proxies the client is who `Forwarded`, `X-Forwarded-For` or a PROXY header says. Nothing is echoed.',
    tests: [
      `${front}/proxied-clients.test.ts: behind a trusted proxy that writes Forwarded the client is who that says`,
      `${front}/proxy-programs.long.ts: nginx by proxy_protocol tells who the client is`,
    ],
  },
  connections: {
    section: 'sizing',
    original: 'Over 250 simultaneous connections on 2 cores and 4 GB',
    here: '9,000 idle WebSockets and more on one core: `npm run bench -- websocket`, `-- dashboard` (100 edges, 10,000 sessions).',
    tests: [
      `${front}/reload-under-load.long.ts: reloads and replaced front doors refuse, reset and drop nobody`,
    ],
  },
} as const satisfies Record<string, OriginalRow>;

type Rows = typeof originalRows;

/** Rows that are tried in both modes. */
export type TriedRow = {
  [Name in keyof Rows]: Rows[Name] extends { readonly trial: true } ? Name : never;
}[keyof Rows];
