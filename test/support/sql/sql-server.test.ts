/** The database servers of tests: alone, breakable, put back together, and gone when their test process is. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { eventually } from '../oct-inbox.ts';
import { run } from './installed-product.ts';
import { familyOf, isRunning, isStopped } from './process-folder.ts';
import { sqlProducts } from './sql-product.ts';
import { sharedSqlServer, startSqlServer } from './sql-server.ts';
import type { SqlAddress } from './sql-server.ts';

for (const name of sqlProducts) {
  void test(`${name} gives each test a database of its own`, async () => {
    const server = await sharedSqlServer(name);
    const [one, other] = [await server.createDatabase(), await server.createDatabase()];
    assert.notEqual(one.database, other.database);
    await server.ask('CREATE TABLE note (id INT)', one.database);
    await assert.rejects(server.ask('SELECT id FROM note', other.database));
  });

  void test(`${name} keeps its port and what was committed when it is killed or stopped`, async (t) => {
    const server = await startSqlServer(t, name);
    const { database, port } = await server.createDatabase();
    await server.ask('CREATE TABLE note (id INT)', database);
    for (const [index, end] of [() => server.kill(), () => server.stop()].entries()) {
      await server.ask(`INSERT INTO note VALUES (${index})`, database);
      const { pid } = server;
      await end();
      assert.ok(!isRunning(pid));
      await server.start();
      assert.equal(server.port, port);
    }
    assert.deepEqual(await server.ask('SELECT id FROM note ORDER BY id', database), [['0'], ['1']]);
  });

  void test(`${name} answers nothing while it is frozen, and goes on`, async (t) => {
    const server = await startSqlServer(t, name);
    server.freeze();
    assert.ok(familyOf(server.pid).every(isStopped));
    const answer = server.ask('SELECT 7');
    const socket = connect(server.port, '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
    let isAnswered = false;
    void answer.then(() => (isAnswered = true));
    assert.ok(!isAnswered);
    server.thaw();
    assert.deepEqual(await answer, [['7']]);
  });

  void test(`${name} goes back to an older copy of its data`, async (t) => {
    const server = await startSqlServer(t, name);
    const { database } = await server.createDatabase();
    await server.ask('CREATE TABLE note (id INT)', database);
    await server.ask('INSERT INTO note VALUES (1)', database);
    const copy = await server.copyData();
    await server.ask('INSERT INTO note VALUES (2)', database);
    await server.restore(copy);
    assert.deepEqual(await server.ask('SELECT id FROM note', database), [['1']]);
  });

  void test(`${name} demands TLS where a test asks for it, and can be verified`, async (t) => {
    const server = await startSqlServer(t, name, { demandsTls: true });
    const address = await server.createDatabase();
    assert.equal(await overTcp(address, true), '7\n');
    await assert.rejects(overTcp(address, false), /Access denied|no encryption/);
  });

  void test(`${name} is gone, with its data, when its test process was killed`, async () => {
    const program = `
      const { sharedSqlServer } = await import(${JSON.stringify(new URL('./sql-server.ts', import.meta.url).href)});
      const { makeProcessFolder } = await import(${JSON.stringify(new URL('./process-folder.ts', import.meta.url).href)});
      const server = await sharedSqlServer('${name}');
      if (${name === 'mariadb'}) server.freeze();
      console.log(JSON.stringify([server.pid, makeProcessFolder('last')]));
      setInterval(() => {}, 1000);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(child.stdout, 'data')) as [Buffer];
    const [pid, folder] = JSON.parse(line.toString()) as [number, string];
    assert.ok(isRunning(pid));
    child.kill('SIGKILL');
    await eventually(() => !isRunning(pid) && !existsSync(folder), 'server and folder are gone');
  });
}

/** The answer to a question by the product's own client, with the server's certificate verified or without TLS. */
async function overTcp(address: SqlAddress, isSecure: boolean): Promise<string> {
  const { product, host, port, user, password, database, caPath } = address;
  if (product === 'postgresql') {
    const secure = isSecure ? `sslmode=verify-full sslrootcert=${caPath!}` : 'sslmode=disable';
    const where = `host=${host} port=${port} user=${user} password=${password} dbname=${database} ${secure}`;
    return await run('psql', ['--tuples-only', '--no-align', '-c', 'SELECT 7', where]);
  }
  const secure = isSecure ? ['--ssl-verify-server-cert', `--ssl-ca=${caPath!}`] : ['--skip-ssl'];
  const who = [`--host=${host}`, `--port=${port}`, `--user=${user}`, `--password=${password}`, database];
  return await run('mariadb', ['--no-defaults', '-BN', ...secure, ...who, '--execute', 'SELECT 7']);
}
