/** The part of http-proxy 1.18.1 that the rival uses; the package has no types of its own. */
declare module 'http-proxy' {
  import type { Agent, IncomingMessage, ServerResponse } from 'node:http';
  import type { Duplex } from 'node:stream';

  interface Target {
    readonly target: string;
  }

  interface ProxyServer {
    web(request: IncomingMessage, response: ServerResponse, target: Target, onError: () => void): void;
    ws(request: IncomingMessage, socket: Duplex, head: Buffer, target: Target, onError: () => void): void;
  }

  const httpProxy: {
    createProxyServer(options: { readonly agent: Agent; readonly xfwd: boolean }): ProxyServer;
  };
  export = httpProxy;
}
