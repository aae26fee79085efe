/** The configuration of the database, as administrators write it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeDatabase, parseLocatorConfig } from './database-settings.ts';
import type { DatabaseSettings } from './database-settings.ts';

const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
const base64 = Buffer.from(pem).toString('base64');
const server = { host: 'db.test', user: 'ct', password: 'not to be shown' };

function read(config: unknown, certificates = {}): DatabaseSettings | undefined {
  const result = parseLocatorConfig(JSON.stringify(config), certificates);
  assert.equal(result.kind, 'valid', JSON.stringify(result));
  return (result as { config: { database: DatabaseSettings | undefined } }).config.database;
}

function faultsOf(text: string): readonly string[] {
  const result = parseLocatorConfig(text);
  assert.equal(result.kind, 'invalid');
  return (result as { faults: readonly string[] }).faults;
}

void test('the file of the original product’s documents is read as it is, and a port, schema and dialect may be left out', () => {
  const whole = {
    database: { ...server, port: 3306, schema: 'codetogether', dialect: 'mysql' },
    locatorMode: true,
  };
  const expected = { dialect: 'mysql', ...server, port: 3306, schema: 'codetogether', tls: undefined };
  assert.deepEqual(read(whole), expected);
  assert.deepEqual(read({ database: server }), expected);
  assert.deepEqual(read({ database: { ...server, dialect: 'postgres' } }), {
    ...expected,
    dialect: 'postgres',
    port: 5432,
  });
  assert.deepEqual(read({ database: { ...server, dialect: 'mariadb', port: '3307' } })?.port, 3307);
});

void test('SQLite, no database, and a server that is no Locator mean the files of the data folder', () => {
  assert.equal(read({}), undefined);
  assert.equal(read({ database: { dialect: 'sqlite' } }), undefined);
  assert.equal(read({ database: server, locatorMode: false }), undefined);
});

void test('certificates are PEM or PEM in base64, and those of the file go before those of the variables', () => {
  const database = { ...server, sslEnabled: true, sslMode: 'VERIFY_IDENTITY', sslCA: base64 };
  const variables = { sslCA: `${pem}another`, sslCert: base64, sslKey: pem };
  assert.deepEqual(read({ database }, variables)?.tls, {
    mode: 'verify-full',
    rejectUnauthorized: true,
    ca: pem,
    cert: pem,
    key: pem,
  });
  assert.equal(read({ database: server }, variables)?.tls, undefined);
});

void test('every fault is told with its place, and no value of a secret is', () => {
  const faults = faultsOf(
    JSON.stringify({
      database: { ...server, host: '', port: 70_000, dialect: 'oracle', sslMode: 'preferred', pasword: 'x' },
      locatorMode: 'maybe',
    }),
  );
  const text = faults.join('\n');
  for (const place of [
    'database.host',
    'database.port',
    'database.dialect',
    'database.sslMode',
    'locatorMode',
  ])
    assert.match(text, new RegExp(`^${place}: `, 'm'));
  assert.match(text, /pasword/);
  assert.doesNotMatch(text, /not to be shown/);
});

void test('a text that is no JSON is refused without being quoted', () => {
  const faults = faultsOf('{"database": {"password": "hunter2"');
  assert.match(faults.join(), /not JSON/);
  assert.doesNotMatch(faults.join(), /hunter2/);
  assert.doesNotMatch(faultsOf('hunter2').join(), /hunter2/);
});

void test('a database is described without its password', () => {
  const settings = read({ database: { ...server, host: '::1' } })!;
  assert.equal(describeDatabase(settings), 'mysql://ct@[::1]:3306/codetogether');
});
