/** A front door with a certificate before one static backend, for tests of TLS. */
import type { TestContext } from 'node:test';
import { Authority } from './certificate.ts';
import { startFrontDoor } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { startStaticBackend } from './static-backend.ts';
import type { StaticBackend } from './static-backend.ts';

interface TlsScene {
  readonly door: FrontDoor;
  readonly backend: StaticBackend;
  readonly authority: Authority;
}

/** The certificate is for localhost, 127.0.0.1 and *.example.com. */
export async function openTlsScene(t: TestContext, settings: Record<string, string> = {}): Promise<TlsScene> {
  const authority = new Authority(t);
  const { certPath, keyPath } = authority.sign('DNS:localhost,DNS:*.example.com,IP:127.0.0.1');
  const backend = await startStaticBackend(t, 'a');
  const tls = { CT_TLS_CERT: certPath, CT_TLS_KEY: keyPath };
  const door = await startFrontDoor(t, { backends: [backend], settings: { ...tls, ...settings } });
  return { door, backend, authority };
}
