/** Licences for tests, signed by a key of their own. */
import { generateKeyPairSync } from 'node:crypto';
import { readLicenceTerms, signLicence } from '#shared/licence/licence.ts';

export interface LicenceTerms {
  readonly licensee?: string;
  readonly connections: number;
  /** YYYY/MM/DD. */
  readonly expiration?: string;
  readonly serverUrl?: string;
}

export class LicenceMaker {
  readonly #keys = generateKeyPairSync('ed25519');

  get publicKey(): string {
    return this.#keys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  }

  /** As settings. */
  issue(terms: LicenceTerms): Record<string, string> {
    const { licensee = 'Example, Ltd.', connections, expiration = dayFromNow(400), serverUrl = '' } = terms;
    const texts = { licensee, maxConnections: String(connections), expiration };
    const pem = this.#keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return {
      CT_LICENSEE: licensee,
      CT_MAXCONNECTIONS: String(connections),
      CT_EXPIRATION: expiration,
      CT_SIGNATURE: signLicence(readLicenceTerms(texts, serverUrl), pem),
      CT_LICENSE_PUBLIC_KEY: this.publicKey,
    };
  }

  /** As the lines of a file. */
  issueLines(terms: LicenceTerms): string {
    const entries = Object.entries(this.issue(terms));
    return entries.map(([name, value]) => `export ${name}="${value}"\n`).join('');
  }
}

/** YYYY/MM/DD in UTC. */
export function dayFromNow(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '/');
}
