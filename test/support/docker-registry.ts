/** A real Docker Registry v2 for tests, as Debian packages it: on a free port, with its data in a folder that goes away. */
import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Certificate } from './certificate.ts';
import { letGo } from './child-end.ts';
import { freePort } from './free-port.ts';
import { eventually } from './oct-inbox.ts';

const program = '/usr/bin/docker-registry';

export const registryUser = 'ann';
export const registryPassword = 'a password of the test';
/** Of that password; the registry takes bcrypt alone. */
const passwordHash = '$2b$05$abcdefghijklmnopqrstuu0Lz903Flt4dRCGBcPgd7spVfF/Wm3z2';

interface RegistryOptions {
  /** In the registry's own words. */
  readonly auth?: object;
  /** For what the test itself puts there. */
  readonly authorization?: string;
  /** It speaks HTTPS then, which the test has to trust. */
  readonly certificate?: Certificate;
}

export class DockerRegistry {
  readonly host: string;
  readonly #origin: string;
  readonly #headers: Readonly<Record<string, string>>;

  private constructor(origin: string, headers: Readonly<Record<string, string>>) {
    this.#origin = origin;
    this.host = new URL(origin).host;
    this.#headers = headers;
  }

  static async start(
    t: TestContext,
    { auth, authorization, certificate }: RegistryOptions = {},
  ): Promise<DockerRegistry> {
    if (!existsSync(program))
      throw new Error('docker-registry is needed for this test; as root: apt-get install -y docker-registry');
    const folder = mkdtempSync(join(tmpdir(), 'mooring-registry-'));
    const host = `127.0.0.1:${await freePort()}`;
    const tls = certificate && { certificate: certificate.certPath, key: certificate.keyPath };
    const origin = `${tls === undefined ? 'http' : 'https'}://${host}`;
    const config = {
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: join(folder, 'data') } },
      http: { addr: host, secret: randomUUID(), ...(tls === undefined ? {} : { tls }) },
      ...(auth === undefined ? {} : { auth }),
    };
    const path = join(folder, 'config.yml');
    // JSON is YAML, too.
    writeFileSync(path, JSON.stringify(config));
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, 'serve', path], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    letGo(child);
    t.after(async () => {
      child.ref();
      child.kill('SIGKILL');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    });
    const registry = new DockerRegistry(origin, authorization === undefined ? {} : { authorization });
    const answers = async (): Promise<boolean> =>
      await fetch(`${origin}/v2/`).then(
        () => true,
        () => false,
      );
    await eventually(answers, 'the registry answers');
    return registry;
  }

  /** A file of users with their passwords, as the registry wants it. */
  static usersFile(t: TestContext): string {
    const folder = mkdtempSync(join(tmpdir(), 'mooring-users-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'htpasswd');
    writeFileSync(path, `${registryUser}:${passwordHash}\n`);
    return path;
  }

  /** Puts an image of nothing there, under all of these tags. */
  async push(repository: string, tags: readonly string[]): Promise<void> {
    const config = await this.#pushBlob(repository, '{}');
    const layer = await this.#pushBlob(repository, 'nothing');
    const type = 'application/vnd.docker.distribution.manifest.v2+json';
    const manifest = {
      schemaVersion: 2,
      mediaType: type,
      config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
      layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip', ...layer }],
    };
    for (const tag of tags) {
      const answer = await fetch(`${this.#origin}/v2/${repository}/manifests/${tag}`, {
        method: 'PUT',
        headers: { ...this.#headers, 'content-type': type },
        body: JSON.stringify(manifest),
      });
      if (answer.status !== 201) throw new Error(`${tag}: ${answer.status} ${await answer.text()}`);
    }
  }

  async #pushBlob(repository: string, text: string): Promise<{ size: number; digest: string }> {
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    const headers = this.#headers;
    const begun = await fetch(`${this.#origin}/v2/${repository}/blobs/uploads/`, {
      method: 'POST',
      headers,
    });
    if (begun.status !== 202) throw new Error(`an upload: ${begun.status} ${await begun.text()}`);
    const url = new URL(begun.headers.get('location')!);
    url.searchParams.set('digest', digest);
    const put = await fetch(url, {
      method: 'PUT',
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      body: text,
    });
    if (put.status !== 201) throw new Error(`a blob: ${put.status} ${await put.text()}`);
    return { size: Buffer.byteLength(text), digest };
  }
}
