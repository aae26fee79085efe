/** The network of this process: what it may reach, and what holds its connections. Containers have one each. */
import { readlinkSync } from 'node:fs';

/** A name that no other network of this kernel has at the same time (namespaces(7)); empty where there are none. */
export function nameOwnNetwork(): string {
  try {
    return readlinkSync('/proc/self/ns/net');
  } catch {
    return '';
  }
}
