/**
 * Requests of the front door's own to edges and static backends, outside of any exchange: moves, administration, checks. By
 * undici, over TCP, TLS or a Unix-domain socket.
 */
import { Agent, request } from 'undici';
import type { Dispatcher } from 'undici';
import { socketPathOf } from '#shared/socket-path.ts';
import type { UpstreamTrust } from './upstream-trust.ts';

export type EdgeCall = Pick<Dispatcher.RequestOptions, 'headers' | 'body' | 'signal'> & {
  readonly method?: 'GET' | 'POST';
};

export class EdgeCalls {
  readonly #agent: Agent;

  constructor(trust: UpstreamTrust) {
    this.#agent = new Agent({ connect: trust });
  }

  async request(address: string, target: string, call: EdgeCall): Promise<Dispatcher.ResponseData> {
    const socketPath = socketPathOf(address);
    if (socketPath === undefined)
      return await request(new URL(target, address), { ...call, dispatcher: this.#agent });
    // One for each call: they are rare, and what lies at a path may be another process the next time.
    const dispatcher = new Agent({ connect: { socketPath } });
    const answer = request(new URL(target, 'http://localhost'), { ...call, dispatcher });
    // Orderly: the call that has begun goes on to its end.
    void dispatcher.close();
    return await answer;
  }

  /** Ends every call. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}
