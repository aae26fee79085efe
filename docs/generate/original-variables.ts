/** Rows on what the original product is set by: the sticky value, variables and files. */
import type { OriginalRow } from './original-row.ts';

const front = 'test/system';

export const originalVariables = {
  stickiness: {
    section: 'stickiness',
    original: 'HTTP requests include a `ctstickiness` value: a header of IDEs, a cookie of browsers',
    here: 'Header, cookie, query and path lead to the one edge of the key, through any front door.',
    trial: true,
    tests: [`${front}/static-backends.test.ts: every connection of one key reaches one backend`],
  },
  serverUrl: {
    section: 'variables',
    original: '`CT_SERVER_URL`',
    here: 'The same: pages and downloads are made for this address.',
    trial: true,
    tests: [`${front}/downloads.test.ts: a browser downloads from the page, which is set for this server`],
  },
  locator: {
    section: 'variables',
    original: '`CT_LOCATOR`: none, or the URL of the Locator',
    here: 'At an edge the control addresses of all front doors, as `ws://HOST:1091`, or one name with several addresses.',
    single: 'set by the supervisor',
    tests: [`${front}/front-doors.test.ts: an edge joins what the name of its front doors has now`],
  },
  region: {
    section: 'variables',
    original: '`CT_REGION`',
    here: 'The same; a client goes to the region whose CIDRs have its address.',
    single: 'one machine is one region',
    tests: [`${front}/regions.test.ts: a new key goes to the region of its client`],
  },
  licence: {
    section: 'variables',
    original: '`CT_LICENSEE`, `CT_MAXCONNECTIONS`, `CT_EXPIRATION`, `CT_SIGNATURE`',
    here: 'The same four, signed by `mooring licence issue`; licences of the original product are not valid here.',
    trial: true,
    tests: [
      `${front}/licence.long.ts: two front doors that are asked at once let in as many as the licence says`,
      `${front}/licence.long.ts: at its end a licence lets nobody in and puts nobody out`,
    ],
  },
  trustAll: {
    section: 'variables',
    original: '`CT_TRUST_ALL_CERTS`',
    here: 'For edges and backends behind TLS, and for the provider of single sign-on.',
    tests: ['test/support/tls-upstreams.ts: any certificate will do where the settings say so'],
  },
  dashboardUser: {
    section: 'variables',
    original: '`CT_DASHBOARD_USER`, `CT_DASHBOARD_PASSWORD`',
    here: 'The same; the password may be a hash of `mooring hash-password`.',
    tests: [
      `${front}/dashboard.test.ts: every page is accessible`,
      `${front}/dashboard-stream.test.ts: front doors side by side show one pool`,
    ],
  },
  logsUser: {
    section: 'variables',
    original: '`CT_LOGS_USER`, `CT_LOGS_PASSWORD`, where those are not set',
    here: 'The same.',
    trial: true,
    tests: [`${front}/dashboard-login.test.ts: a password may be set as a hash that a command makes`],
  },
  randomPassword: {
    section: 'variables',
    original: 'Without any, user `ctuser` and a random password in the log',
    here: 'The same; front doors side by side have one password, which is logged once.',
    tests: [
      `${front}/dashboard-login.test.ts: where nobody has set a password, front doors side by side make one together`,
      `${front}/demo.long.ts: the demo prints where its dashboard is and how to log in`,
    ],
  },
  noClients: {
    section: 'variables',
    original: '`CT_NOCLIENTS`',
    here: 'The same: nothing is below `/clients`, as where nothing ever was.',
    tests: [`${front}/downloads.test.ts: with CT_NOCLIENTS there is nothing`],
  },
  sso: {
    section: 'variables',
    original:
      '`CT_SSO_SYSTEM_BASE_URL`, `CT_SSO_AUTHORIZATION_ENDPT`, `CT_SSO_TOKEN_ENDPT`, `CT_SSO_CLIENT_ID`, `CT_SSO_CLIENT_SECRET`, `CT_SSO_PROVIDER`, `CT_SSO_SECURE_JWKS_ENDPT_ENABLE`, `CT_SSO_APP_BASE_URL`, `CT_REQUEST_OFFLINE_ACCESS`',
    here: 'OpenID Connect with the same names, for the dashboard and for sessions, with groups, roles and guests besides. Tried with the manners of each of the five providers as their makers document them, not with the providers themselves.',
    tests: [
      `${front}/sso-sessions.test.ts: an editor gets in by a browser at the provider`,
      `${front}/sso.test.ts: whom the provider knows gets into the dashboard of any front door`,
      `${front}/sso.test.ts: a provider that shows its keys to clients alone, names another token endpoint`,
      'proxy/sso/oidc-provider.test.ts: a provider with the manners of ',
    ],
  },
  timeZone: {
    section: 'variables',
    original: '`CT_TIME_ZONE`',
    here: 'Of times in the log, of days in the history, of planned restarts.',
    tests: [
      `${front}/service-life.long.ts: the log has the lines that administrators look for, at the time of the zone that was set`,
      `${front}/history.long.ts: a pool of one machine tells how it is used`,
    ],
  },
  outbound: {
    section: 'variables',
    original: '`CT_PROXY`',
    here: 'For the registry and the provider of single sign-on, but for hosts of `NO_PROXY`.',
    tests: [`${front}/way-out.test.ts: registry and provider are asked through CT_PROXY`],
  },
  plannedRestart: {
    section: 'variables',
    original: '`CT_AUTO_RESTART_CRON_PATTERN`, `CT_AUTO_RESTART_DISABLED`',
    here: 'Processes are replaced one after the other and no session ends; once an hour at most.',
    several: 'front doors, not edges: `mooring edge` refuses it and names `mooring restart --rolling`',
    tests: [
      `${front}/service-life.long.ts: a planned restart replaces front door and edges one after the other`,
      'test/support/held-socket.ts: a front door alone that is restarted by plan is replaced',
      `${front}/service-life.long.ts: a plan that nobody could follow stops the start`,
      `${front}/drain.test.ts: a rolling restart replaces the front door and every edge`,
    ],
  },
  databaseTls: {
    section: 'variables',
    original: '`CT_DB_SSL_KEY`, `CT_DB_SSL_CERT`, `CT_DB_SSL_CA`',
    here: 'The same, as PEM or PEM in base64.',
    single: 'SQLite has no server; with one it is the same',
    tests: ['shared/sql/database-settings.test.ts: certificates are PEM or PEM in base64'],
  },
  noMeaning: {
    section: 'variables',
    original:
      '`CT_AV_ENABLED`, `CT_AV_LAN_IP`, `CT_AV_LOCAL_IP`, `CT_AV_PRIVATE_INTERFACE`, `CT_AV_PRIVATE_IP`, `CT_AV_COTURN_SERVER`, `CT_AV_COTURN_SECRET`, `CT_JITSI_URL`, `CT_INTEL_URL`, `CT_INTEL_SECRET`, `CT_LICENSE_URL`, `CT_LICENSE_TOKEN`, `CT_CUSTOM_CLIENTS_ORIGIN`, `CT_LOCATOR_INTERNAL`',
    here: 'Nothing: no audio and video, no HQ server. Noted at the start and ignored.',
    single: 'no',
    several: 'no',
    tests: [
      'shared/settings/load.test.ts: names of the original product that do nothing here are noted and ignored',
    ],
  },
  locatorConfig: {
    section: 'files',
    original:
      '`locator-config.json` with user, password, host, port, schema and dialect of a MySQL or PostgreSQL; `CT_LOCATOR_CONFIG`',
    here: 'Read as it is, from the data folder or `/opt/codetogether/runtime`; MariaDB, MySQL, PostgreSQL. Metrics, audit and configuration are in it.',
    single: 'not needed: SQLite; with one it is the same',
    trial: true,
    tests: [
      'shared/sql/database-settings.test.ts: the file of the original product’s documents is read as it is',
      `${front}/history.long.ts: two front doors on one database count each session once`,
      `${front}/grow.long.ts: sessions go on after a pool was moved from SQLite to PostgreSQL`,
    ],
  },
  tlsSettings: {
    section: 'files',
    original: '`codetogether-ssl-settings.conf` and `/etc/nginx/ssl`',
    here: '`CT_TLS_CERT`, `CT_TLS_KEY` or `CT_TLS_DIR`, taken anew when they change; nginx settings are not read.',
    tests: [
      `${front}/tls.test.ts: over TLS a session is reached like over plain HTTP`,
      `${front}/tls-certificates.test.ts: a new certificate is taken while WebSockets and a session of HTTP/2 are open`,
    ],
  },
  licenceFile: {
    section: 'files',
    original: '`licensing.properties`; `codetogether.config` with lines of `export CT_...`',
    here: '`CT_LICENSE_FILE` and `CT_SETTINGS_FILE` take such lines. The format of `licensing.properties` was never published.',
    tests: [
      `${front}/licence.long.ts: at its end a licence lets nobody in and puts nobody out`,
      'shared/settings/load.test.ts: a file may have comments, quotes and the word export',
    ],
  },
} as const satisfies Record<string, OriginalRow>;
