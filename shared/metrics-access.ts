/** Who may read `/metrics`: clients of listed networks, and whoever has the token. */
import { secretsEqual } from './fleet-secrets.ts';
import { NetworkList } from './network-list.ts';

interface AccessOptions {
  /** Addresses and CIDRs. */
  readonly CT_METRICS_ALLOW: readonly string[];
  /** Empty: there is none. */
  readonly CT_METRICS_TOKEN: string;
}

const bearer = 'Bearer ';

export class MetricsAccess {
  readonly #networks: NetworkList;
  readonly #token: string;

  /** Throws for a network that is none. */
  constructor({ CT_METRICS_ALLOW: networks, CT_METRICS_TOKEN: token }: AccessOptions) {
    this.#networks = new NetworkList(networks);
    this.#token = token;
  }

  /** `authorization` is the whole field. */
  admits(address: string, authorization: string): boolean {
    // As a socket that listens on IPv6 tells a client of IPv4.
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
    return this.#networks.includes(plain) || this.knowsToken(authorization);
  }

  knowsToken(authorization: string): boolean {
    if (this.#token === '' || !authorization.startsWith(bearer)) return false;
    return secretsEqual(authorization.slice(bearer.length), this.#token);
  }
}
