/** Who may read `/metrics`: clients of listed networks, and whoever has the token. */
import { BlockList, isIP } from 'node:net';
import { secretsEqual } from './fleet-secrets.ts';

interface AccessOptions {
  /** `ADDRESS/LENGTH`. */
  readonly CT_METRICS_ALLOW: readonly string[];
  /** Empty: there is none. */
  readonly CT_METRICS_TOKEN: string;
}

const bearer = 'Bearer ';

export class MetricsAccess {
  readonly #networks = new BlockList();
  readonly #token: string;

  /** Throws a RangeError for a network that is none. */
  constructor({ CT_METRICS_ALLOW: networks, CT_METRICS_TOKEN: token }: AccessOptions) {
    this.#token = token;
    for (const network of networks) {
      const [address = '', length = ''] = network.split('/');
      if (isIP(address) === 0) throw new RangeError(`CT_METRICS_ALLOW: ${network} is no network`);
      this.#networks.addSubnet(address, Number(length), familyOf(address));
    }
  }

  /** `authorization` is the whole field. */
  admits(address: string, authorization: string): boolean {
    const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');
    if (isIP(plain) !== 0 && this.#networks.check(plain, familyOf(plain))) return true;
    if (this.#token === '' || !authorization.startsWith(bearer)) return false;
    return secretsEqual(authorization.slice(bearer.length), this.#token);
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
