/**
 * The one list of settings: name, unit, default, bounds and meaning. The environment, the command line,
 * `mooring check` and `docs/config.md` are all read off this table; nothing else knows a setting's name.
 */
export type Role = 'direct' | 'proxy' | 'edge';

interface SettingBase {
  /** Roles that read the setting; a flag of another role is refused, its variable is ignored. */
  readonly roles: readonly Role[];
  /** `cluster` settings must be equal on all members, `process` settings may differ. */
  readonly scope: 'cluster' | 'process';
  /** One sentence for people. */
  readonly help: string;
}

export interface IntegerSetting extends SettingBase {
  readonly type: 'integer';
  readonly unit: string;
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

export interface TextSetting extends SettingBase {
  readonly type: 'text';
  readonly default: string;
  /** Shown as `***` everywhere. */
  readonly secret?: true;
  readonly minLength?: number;
  /** Roles in which the setting must be given. */
  readonly requiredIn?: readonly Role[];
}

export interface ChoiceSetting extends SettingBase {
  readonly type: 'choice';
  readonly default: string;
  readonly choices: readonly string[];
}

/** A comma-separated list; `itemPattern` is what each item must match. */
export interface ListSetting extends SettingBase {
  readonly type: 'list';
  readonly default: string;
  readonly itemPattern: RegExp;
  readonly itemHelp: string;
  readonly requiredIn?: readonly Role[];
}

export type Setting = IntegerSetting | TextSetting | ChoiceSetting | ListSetting;

const all: readonly Role[] = ['direct', 'proxy', 'edge'];
const front: readonly Role[] = ['direct', 'proxy'];
const engine: readonly Role[] = ['direct', 'edge'];
const port = { type: 'integer', unit: 'port', min: 0, max: 65_535, scope: 'process' } as const;
const milliseconds = { type: 'integer', unit: 'ms', scope: 'process' } as const;
const secret = { type: 'text', default: '', secret: true, minLength: 16, scope: 'cluster' } as const;

export const settingsSchema = {
  CT_HOST: {
    type: 'text',
    default: '127.0.0.1',
    roles: front,
    scope: 'process',
    help: 'Address that the front door listens on; 0.0.0.0 or :: for every interface.',
  },
  CT_HTTP_PORT: { ...port, default: 1080, roles: front, help: 'HTTP port; 0 picks a free one.' },
  CT_HTTPS_PORT: {
    ...port,
    default: 1443,
    roles: front,
    help: 'HTTPS port, opened when CT_TLS_CERT and CT_TLS_KEY are set; 0 picks a free one.',
  },
  CT_TLS_CERT: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    help: 'File with the certificate chain (PEM).',
  },
  CT_TLS_KEY: {
    type: 'text',
    default: '',
    roles: front,
    scope: 'process',
    help: 'File with the private key of the certificate (PEM).',
  },
  CT_ADMIN_HOST: {
    type: 'text',
    default: '127.0.0.1',
    roles: all,
    scope: 'process',
    help: 'Address of the admin port (/livez, /readyz, /metrics, admin API).',
  },
  CT_ADMIN_PORT: { ...port, default: 1090, roles: all, help: 'Admin port; 0 picks a free one.' },
  CT_CONTROL_HOST: {
    type: 'text',
    default: '127.0.0.1',
    roles: front,
    scope: 'process',
    help: 'Address of the control port, where edges join.',
  },
  CT_CONTROL_PORT: { ...port, default: 1091, roles: front, help: 'Control port; 0 picks a free one.' },
  CT_DATA_DIR: {
    type: 'text',
    default: './data',
    roles: all,
    scope: 'process',
    help: 'Folder for the SQLite files and generated secrets; never on a network share.',
  },
  CT_EDGES: {
    type: 'integer',
    unit: 'edges',
    default: 3,
    min: 1,
    max: 64,
    roles: ['direct'],
    scope: 'process',
    help: 'Number of edges that `mooring direct` runs.',
  },
  CT_EDGE_ID: {
    type: 'text',
    default: '',
    roles: ['edge'],
    scope: 'process',
    help: 'Name of this edge, unique in the fleet, stable over restarts; the host name unless set.',
  },
  CT_EDGE_HOST: {
    type: 'text',
    default: '127.0.0.1',
    roles: ['edge'],
    scope: 'process',
    help: 'Address that the edge listens on for front doors.',
  },
  CT_EDGE_PORT: { ...port, default: 3001, roles: ['edge'], help: 'Port of the edge; 0 picks a free one.' },
  CT_EDGE_ADDRESS: {
    type: 'text',
    default: '',
    roles: ['edge'],
    scope: 'process',
    help: 'URL by which front doors reach this edge; http://CT_EDGE_HOST:CT_EDGE_PORT unless set.',
  },
  CT_EDGE_WEIGHT: {
    type: 'integer',
    unit: 'share',
    default: 100,
    min: 1,
    max: 1_000,
    roles: ['edge'],
    scope: 'process',
    help: 'Share of new sessions that this edge takes, beside edges of weight 100.',
  },
  CT_EDGE_SESSIONS_MAX: {
    type: 'integer',
    unit: 'sessions',
    default: 2_000,
    min: 1,
    max: 1_000_000,
    roles: engine,
    scope: 'process',
    help: 'Sessions on one edge beyond which it gets no new ones.',
  },
  CT_LOCATOR: {
    type: 'list',
    default: '',
    itemPattern: /^(none|wss?:\/\/[^\s/,]+(:\d+)?\/?)$/,
    itemHelp: 'ws://HOST:PORT or wss://HOST:PORT',
    roles: ['edge'],
    requiredIn: ['edge'],
    scope: 'process',
    help: 'Control addresses of every front door that the edge joins, separated by commas.',
  },
  CT_BACKEND: {
    type: 'list',
    default: '',
    itemPattern: /^[A-Za-z0-9._-]{1,64}=https?:\/\/[^\s,;]+(;weight=\d{1,4})?$/,
    itemHelp: 'NAME=URL or NAME=URL;weight=N',
    roles: ['proxy'],
    scope: 'cluster',
    help: 'Static backends instead of edges: NAME=URL[;weight=N], separated by commas.',
  },
  CT_BACKEND_CHECK_PATH: {
    type: 'text',
    default: '/',
    roles: ['proxy'],
    scope: 'cluster',
    help: 'Path of the active check of static backends; any status below 400 passes.',
  },
  CT_BACKEND_CHECK_INTERVAL_MS: {
    ...milliseconds,
    default: 1_000,
    min: 100,
    max: 2_000,
    roles: ['proxy'],
    help: 'Pause between two checks of a static backend, and the deadline of each.',
  },
  CT_BACKEND_CHECK_FALL: {
    type: 'integer',
    unit: 'checks',
    default: 3,
    min: 1,
    max: 100,
    roles: ['proxy'],
    scope: 'process',
    help: 'Failed checks in a row after which a static backend gets no new keys and its lease lapses.',
  },
  CT_BACKEND_CHECK_RISE: {
    type: 'integer',
    unit: 'checks',
    default: 2,
    min: 1,
    max: 100,
    roles: ['proxy'],
    scope: 'process',
    help: 'Passed checks in a row after which a static backend is ready again.',
  },
  CT_JOIN_TOKEN: {
    ...secret,
    roles: all,
    requiredIn: ['edge'],
    help: 'Shared secret of the fleet: edges join with it, and placement and hashed keys in logs derive from it; generated in direct mode.',
  },
  CT_SESSION_SECRET: {
    ...secret,
    roles: all,
    requiredIn: ['edge'],
    help: 'Secret that signs login and session tokens; generated in direct mode.',
  },
  CT_ADMIN_TOKEN: {
    ...secret,
    roles: all,
    scope: 'process',
    help: 'Bearer token of the admin API; generated into the data folder unless set.',
  },
  CT_LOGIN: {
    type: 'list',
    default: 'simple',
    itemPattern: /^(simple|apikey)$/,
    itemHelp: 'simple or apikey',
    roles: front,
    scope: 'cluster',
    help: 'Login providers: simple (a name, unverified) and apikey.',
  },
  CT_API_KEY: { ...secret, roles: front, help: 'Key of the apikey login; required where it is on.' },
  CT_SERVER_OWNER: {
    type: 'text',
    default: 'Mooring',
    roles: front,
    scope: 'cluster',
    help: 'Owner of the server as clients show it.',
  },
  CT_TOKEN_LIFETIME_HOURS: {
    type: 'integer',
    unit: 'hours',
    default: 168,
    min: 1,
    max: 8_760,
    roles: all,
    scope: 'cluster',
    help: 'Life of login and session tokens.',
  },
  CT_TRUSTED_PROXIES: {
    type: 'list',
    default: '',
    itemPattern: /^[0-9a-fA-F.:]+(\/\d{1,3})?$/,
    itemHelp: 'an address or CIDR',
    roles: front,
    scope: 'process',
    help: 'Proxies in front whose X-Forwarded-* are believed.',
  },
  CT_HEAD_MAX_BYTES: {
    type: 'integer',
    unit: 'bytes',
    default: 32_768,
    min: 4_096,
    max: 1_048_576,
    roles: front,
    scope: 'process',
    help: 'Largest request head.',
  },
  CT_HEAD_TIMEOUT_MS: {
    ...milliseconds,
    default: 10_000,
    min: 100,
    max: 120_000,
    roles: front,
    help: 'A request head must be complete after this.',
  },
  CT_IDLE_TIMEOUT_MS: {
    ...milliseconds,
    default: 65_000,
    min: 1_000,
    max: 3_600_000,
    roles: front,
    help: 'A client connection without an exchange is closed after this.',
  },
  CT_CONNECT_TIMEOUT_MS: {
    ...milliseconds,
    default: 2_000,
    min: 50,
    max: 60_000,
    roles: front,
    help: 'Deadline for the connection to an edge.',
  },
  CT_FIRST_BYTE_TIMEOUT_MS: {
    ...milliseconds,
    default: 60_000,
    min: 100,
    max: 3_600_000,
    roles: front,
    help: 'Deadline for the head of an edge’s answer; above the 30 s of long polls.',
  },
  CT_BODY_IDLE_TIMEOUT_MS: {
    ...milliseconds,
    default: 60_000,
    min: 100,
    max: 3_600_000,
    roles: front,
    help: 'A body, either way, may pause this long.',
  },
  CT_TUNNEL_IDLE_TIMEOUT_MS: {
    ...milliseconds,
    default: 300_000,
    min: 1_000,
    max: 86_400_000,
    roles: front,
    help: 'An upgraded connection without a byte either way is closed after this.',
  },
  CT_UPSTREAM_CONNECTIONS_MAX: {
    type: 'integer',
    unit: 'connections',
    default: 1_024,
    min: 1,
    max: 65_535,
    roles: front,
    scope: 'process',
    help: 'Connections for HTTP exchanges to one edge; more exchanges wait.',
  },
  CT_MESSAGE_MAX_BYTES: {
    type: 'integer',
    unit: 'bytes',
    default: 8_388_608,
    min: 65_536,
    max: 67_108_864,
    roles: engine,
    scope: 'cluster',
    help: 'Largest single message of a session.',
  },
  CT_MEMBERS_MAX: {
    type: 'integer',
    unit: 'members',
    default: 100,
    min: 2,
    max: 10_000,
    roles: engine,
    scope: 'cluster',
    help: 'Members of one session.',
  },
  CT_SEND_BUFFER_MAX_BYTES: {
    type: 'integer',
    unit: 'bytes',
    default: 16_777_216,
    min: 1_048_576,
    max: 268_435_456,
    roles: engine,
    scope: 'cluster',
    help: 'Bytes that may wait for one member; a member that reads more slowly is cut off.',
  },
  CT_HOST_GRACE_MS: {
    type: 'integer',
    unit: 'ms',
    default: 30_000,
    min: 1_000,
    max: 3_600_000,
    roles: engine,
    scope: 'cluster',
    help: 'A session ends when its host is away for longer than this.',
  },
  CT_STOP_GRACE_MS: {
    ...milliseconds,
    default: 10_000,
    min: 100,
    max: 600_000,
    roles: all,
    help: 'Time for exchanges to end when a process is told to stop.',
  },
  CT_LOG_LEVEL: {
    type: 'choice',
    default: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    roles: all,
    scope: 'process',
    help: 'Least level that is logged.',
  },
  CT_SETTINGS_FILE: {
    type: 'text',
    default: '',
    roles: all,
    scope: 'process',
    help: 'File with lines NAME=value (export NAME=value is fine) for settings not given otherwise.',
  },
} as const satisfies Record<string, Setting>;

export type SettingName = keyof typeof settingsSchema;

type ValueOf<S extends Setting> = S extends { type: 'integer' }
  ? number
  : S extends { type: 'list' }
    ? readonly string[]
    : string;

/** The effective settings, by their variable names. */
export type Settings = { readonly [N in SettingName]: ValueOf<(typeof settingsSchema)[N]> };
