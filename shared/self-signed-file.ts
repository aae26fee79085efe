/** The certificate that a front door has made itself: where it is kept, and by what people know it. */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Certificate and key, in the data folder. */
export function selfSignedPath(dataDir: string): string {
  return join(dataDir, 'self-signed.pem');
}

/** SHA-256, as browsers and openssl show it. Throws where there is no certificate. */
export function readFingerprint(dataDir: string): string {
  return new X509Certificate(readFileSync(selfSignedPath(dataDir))).fingerprint256;
}
