/** A list of addresses and networks, as settings name them. */
import { BlockList, isIP } from 'node:net';

export class NetworkList {
  readonly #list = new BlockList();
  readonly isEmpty: boolean;

  /** Addresses and CIDRs; throws on one that is neither. */
  constructor(items: readonly string[]) {
    this.isEmpty = items.length === 0;
    for (const item of items) {
      const [address = '', prefix] = item.split('/', 2);
      // Whether it is one the list finds out itself; Node's pattern for IPv6 takes 12 ms to be made.
      const family = address.includes(':') ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  includes(address: string): boolean {
    // The look-up costs more than the rest of a small request's head.
    if (this.isEmpty) return false;
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 6 ? 'ipv6' : 'ipv4');
  }
}

/** What a list of networks looks like from outside. */
export type Networks = Pick<NetworkList, 'includes'>;

/** The list that a setting has at the moment, which a reload may replace by another one. */
export class SettingNetworks {
  readonly #read: () => readonly string[];
  #items: readonly string[];
  #list: NetworkList;

  constructor(read: () => readonly string[]) {
    this.#read = read;
    this.#items = read();
    this.#list = new NetworkList(this.#items);
  }

  includes(address: string): boolean {
    const items = this.#read();
    if (items !== this.#items) {
      this.#list = new NetworkList(items);
      this.#items = items;
    }
    return this.#list.includes(address);
  }
}
