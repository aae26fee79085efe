/** Connections to edges behind TLS go on with the session of the one before, and never past the proof of who the edge is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { createServer } from 'node:tls';
import type { Server, TLSSocket } from 'node:tls';
import { AppError } from '#shared/errors.ts';
import { Authority } from '../../test/support/certificate.ts';
import type { Certificate } from '../../test/support/certificate.ts';
import { openTrust } from '../upstream-trust.ts';
import type { UpstreamTrust } from '../upstream-trust.ts';
import { connectNetSocket } from './net-socket.ts';
import { parseOrigin } from './origin.ts';
import { TlsSessions } from './tls-sessions.ts';

const here = 'IP:127.0.0.1';
const ignore = (): void => undefined;

async function listen(
  t: TestContext,
  { certPath, keyPath }: Certificate,
  version: 'TLSv1.2' | 'TLSv1.3',
  port = 0,
): Promise<Server> {
  const options = {
    cert: readFileSync(certPath),
    key: readFileSync(keyPath),
    minVersion: version,
    maxVersion: version,
  };
  const server = createServer(options, (socket) => socket.on('error', ignore).resume().end('hello'));
  t.after(() => server.close());
  await once(server.listen(port, '127.0.0.1'), 'listening');
  return server;
}

/** Connects, hears the edge out, and says why there was no connection, if there was none. */
async function visit(port: number, trust: UpstreamTrust): Promise<Error | undefined> {
  return await new Promise((resolve) => {
    const origin = parseOrigin(`https://127.0.0.1:${port}`);
    const ears = { onBytes: ignore, onDrain: ignore, onReady: ignore };
    const socket = connectNetSocket(
      origin,
      { ...ears, onEnd: () => socket.end(), onClose: resolve },
      false,
      trust,
    );
  });
}

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`the next connection to an edge needs no full handshake (${version})`, async (t) => {
    const authority = new Authority(t);
    const trust = openTrust({ CT_UPSTREAM_CA: authority.own.certPath, CT_TRUST_ALL_CERTS: 'false' });
    const server = await listen(t, authority.sign(here), version);
    const { port } = server.address() as AddressInfo;
    const reused: boolean[] = [];
    server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
    for (let n = 0; n < 3; n++) assert.equal(await visit(port, trust), undefined);
    assert.deepEqual(reused, [false, true, true]);
  });

  test(`whoever takes over the address of an edge has to prove who it is, whatever session there was (${version})`, async (t) => {
    const authority = new Authority(t);
    const trust = openTrust({ CT_UPSTREAM_CA: authority.own.certPath, CT_TRUST_ALL_CERTS: 'false' });
    const server = await listen(t, authority.sign(here), version);
    const { port } = server.address() as AddressInfo;
    assert.equal(await visit(port, trust), undefined);
    server.close();
    await once(server, 'close');
    const stranger = await listen(t, new Authority(t).sign(here), version, port);
    const refusal = await visit(port, trust);
    assert.ok(refusal instanceof AppError && refusal.code === 'upstream-untrusted');
    stranger.close();
    await once(stranger, 'close');
    const back = await listen(t, authority.sign(here), version, port);
    assert.equal(await visit(port, trust), undefined, 'what the stranger offered is not kept');
    back.close();
  });

  test(`no connection goes on with a session beyond a day, or beyond the certificate (${version})`, async (t) => {
    const authority = new Authority(t);
    const server = await listen(t, authority.sign(here), version);
    const { port } = server.address() as AddressInfo;
    let wallMs = Date.now();
    const opened = openTrust({ CT_UPSTREAM_CA: authority.own.certPath, CT_TRUST_ALL_CERTS: 'false' });
    const trust = { ...opened, sessions: new TlsSessions(() => wallMs) };
    const reused: boolean[] = [];
    server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()));
    const dayMs = 86_400_000;
    for (const passedMs of [0, dayMs / 2, dayMs / 2 - 60_000, 120_000, 0]) {
      wallMs += passedMs;
      assert.equal(await visit(port, trust), undefined);
    }
    // What goes on takes the end of the first one along.
    assert.deepEqual(reused, [false, true, true, false, true]);
    server.close();
  });
}
