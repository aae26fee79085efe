/** What the contest needs of a rival, and what several of them need to start. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Child } from '../child.ts';
import type { Backend } from '../load-program.ts';

/** What one set gives to a rival: fresh backends and an empty folder. */
export interface Ground {
  readonly backends: readonly Backend[];
  readonly folder: string;
}

export interface RunningRival {
  readonly port: number;
  /** The proxy's process; undefined where there is no proxy. */
  readonly child: Child | undefined;
}

export interface Rival {
  readonly name: string;
  /** A program that is not ours and must be installed. */
  readonly program?: { readonly path: string; readonly debianPackage: string };
  /** Started, though it may take a moment until it answers. */
  readonly start: (ground: Ground) => Promise<RunningRival>;
}

/** The most descriptors that a rival needs: two for each idle WebSocket. */
export const descriptorsMax = 20_000;

/** A port for programs that cannot pick one and tell it. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
