/** A folder with certificates of a test, and a front door that serves them: what it shows a client for a name. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Certificate } from './certificate.ts';
import { startFrontDoor, until } from './front-door.ts';
import type { FrontDoor } from './front-door.ts';
import { startStaticBackend } from './static-backend.ts';
import { askTls } from './tls-client.ts';

export const dayMs = 86_400_000;

export function makeFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function put(folder: string, name: string, pair: Certificate): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(pair.certPath, join(folder, `${name}.crt`));
  copyFileSync(pair.keyPath, join(folder, `${name}.key`));
}

export async function startTls(t: TestContext, settings: Record<string, string>): Promise<FrontDoor> {
  const backend = await startStaticBackend(t, 'a');
  return await startFrontDoor(t, { backends: [backend], settings });
}

/** Until a handshake for the name shows the certificate. */
export async function shows(door: FrontDoor, servername: string, names: string): Promise<void> {
  await until(
    async () => (await askTls(door.httpsPort, { servername })).names === names,
    `${servername} is answered by the certificate of ${names}`,
  );
}
