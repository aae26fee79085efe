/**
 * Which certificate answers for a name: one that has the name itself before one with a wildcard for it (RFC 6125 section 6.4.3:
 * a whole label, the left-most alone); of two, the one that lasts longer. Knows names and nothing of what is chosen.
 */

export interface Named {
  /** DNS names, `*.example.com` among them, and IP addresses. */
  readonly names: readonly string[];
  readonly notAfterMs: number;
}

const labelPattern = /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/;

export class CertificateChoice<T extends Named> {
  readonly #byName = new Map<string, T>();

  constructor(items: Iterable<T>) {
    for (const item of items) {
      for (const name of item.names.map(plainName)) {
        const other = this.#byName.get(name);
        if (other === undefined || other.notAfterMs < item.notAfterMs) this.#byName.set(name, item);
      }
    }
  }

  /** Undefined where none is for the name. */
  choose(name: string): T | undefined {
    const plain = plainName(name);
    // Nobody is called `*`, and would get a certificate by it.
    if (plain.includes('*')) return undefined;
    const exact = this.#byName.get(plain);
    if (exact !== undefined) return exact;
    const dot = plain.indexOf('.');
    if (dot === -1 || !labelPattern.test(plain.slice(0, dot))) return undefined;
    return this.#byName.get(`*${plain.slice(dot)}`);
  }

  /** What stands for each name. */
  entries(): Iterable<[string, T]> {
    return this.#byName.entries();
  }
}

/** As names are compared: case and a dot at the end make no difference, and an IPv6 address needs no brackets. */
function plainName(name: string): string {
  const lower = name.toLowerCase();
  if (lower.startsWith('[') && lower.endsWith(']')) return lower.slice(1, -1);
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
