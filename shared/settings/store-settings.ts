/** Settings of the database server that front doors and edges share; without one the store is SQLite files. */
import { all } from './setting.ts';
import type { Setting } from './setting.ts';

const certificate = { type: 'text', default: '', roles: all, scope: 'process' } as const;

export const storeSettings = {
  CT_LOCATOR_CONFIG: {
    type: 'text',
    default: '',
    secret: true,
    roles: all,
    scope: 'process',
    help: 'Database that the members share: the JSON of locator-config.json, or the path of that file. Unless set, locator-config.json of the data folder or of /opt/codetogether/runtime counts; without any, SQLite files in the data folder.',
  },
  CT_DB_SSL_CA: {
    ...certificate,
    help: 'Certificate of who signs for the database server (PEM, or PEM in base64), where locator-config.json has no sslCA.',
  },
  CT_DB_SSL_CERT: {
    ...certificate,
    help: 'Certificate that the database server may ask for (PEM, or PEM in base64), where locator-config.json has no sslCert.',
  },
  CT_DB_SSL_KEY: {
    ...certificate,
    secret: true,
    help: 'Private key of CT_DB_SSL_CERT (PEM, or PEM in base64), where locator-config.json has no sslKey.',
  },
  CT_DB_CONNECTIONS_MAX: {
    type: 'integer',
    unit: 'connections',
    default: 8,
    min: 2,
    max: 100,
    roles: all,
    scope: 'process',
    help: 'Connections to the database server for each store of a process: one of a front door, whose journal takes two more, and two of an edge.',
  },
} as const satisfies Record<string, Setting>;
