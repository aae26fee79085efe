/** Certificates that openssl makes for a test: an authority of its own and leaves that it has signed, as files in PEM. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
}

/** An authority, which signs whatever it is asked for. */
export class Authority {
  readonly #folder: string;
  readonly own: Certificate;
  #signed = 0;

  constructor(t: { after: (end: () => void) => void }) {
    this.#folder = mkdtempSync(join(tmpdir(), 'mooring-authority-'));
    t.after(() => rmSync(this.#folder, { recursive: true }));
    this.own = this.#make('authority', ['-subj', '/CN=Authority of a test']);
  }

  /** Signs for names as openssl writes them, `DNS:localhost,IP:127.0.0.1`. */
  sign(names: string, subject = '/CN=leaf'): Certificate {
    const by = ['-CA', this.own.certPath, '-CAkey', this.own.keyPath];
    const leaf = ['-addext', 'basicConstraints=critical,CA:FALSE', '-addext', `subjectAltName=${names}`];
    return this.#make(`leaf-${++this.#signed}`, ['-subj', subject, ...leaf, ...by]);
  }

  #make(name: string, what: readonly string[]): Certificate {
    const certPath = join(this.#folder, `${name}.pem`);
    const keyPath = join(this.#folder, `${name}.key`);
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyPath];
    try {
      const args = ['req', '-x509', '-days', '2', ...key, ...what, '-out', certPath];
      execFileSync('openssl', args, { stdio: 'pipe' });
    } catch (cause) {
      throw new Error('openssl is needed for this test: apt-get install -y openssl', { cause });
    }
    return { certPath, keyPath };
  }
}
