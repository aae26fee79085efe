/** What the contest needs of a rival, and what several of them need to start. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from '../child.ts';
import type { Contestant } from '../contest.ts';
import type { Backend } from '../load-program.ts';

/** What one set gives to a rival: fresh backends and an empty folder. */
export interface Ground {
  readonly backends: readonly Backend[];
  readonly folder: string;
  /** Set where the rival has to listen for TLS too. */
  readonly certificate: Certificate | undefined;
}

/** Files in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
  /** Certificate and key in one, which HAProxy wants. */
  readonly both: string;
}

export interface RunningRival {
  readonly port: number;
  readonly tlsPort?: number;
  /** The proxy's process; undefined where there is no proxy. */
  readonly child: Child | undefined;
}

export interface Rival extends Contestant {
  readonly speaksTls: boolean;
  /** Started, though it may take a moment until it answers. */
  readonly start: (ground: Ground) => Promise<RunningRival>;
}

/** The most descriptors that a rival needs: two for each idle WebSocket. */
export const descriptorsMax = 20_000;

const listenMaxMs = 5_000;
const listenPollMs = 10;

/** Waits until a program that tells nothing listens. */
export async function waitForPort(port: number): Promise<void> {
  const deadline = performance.now() + listenMaxMs;
  while (!(await accepts(port))) {
    if (performance.now() > deadline) throw new Error(`nothing listens on port ${port}`);
    await sleep(listenPollMs);
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
