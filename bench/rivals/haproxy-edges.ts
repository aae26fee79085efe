/**
 * HAProxy in the place of our front door: the same configuration as in front of other backends, the key from the path of
 * y-websocket, and the headers without which an edge refuses an exchange.
 */
import { edgeHeaders } from '../mooring-pool.ts';
import type { PoolEdge } from '../mooring-pool.ts';
import { haproxyBase } from './haproxy.ts';

export function configureForEdges(port: number, edges: readonly PoolEdge[]): string {
  return `${haproxyBase}frontend front
  bind 127.0.0.1:${port} backlog 4096
  use_backend edge-%[path,field(3,/),crc32,mod(${edges.length})]
${edges.map(configureEdge).join('')}`;
}

function configureEdge(edge: PoolEdge, index: number): string {
  const headers = Object.entries(edgeHeaders(edge, '%[path,field(3,/)]'));
  return `backend edge-${index}
${headers.map(([name, value]) => `  http-request set-header ${name} ${value}\n`).join('')}  server ${edge.id} 127.0.0.1:${edge.port}
`;
}
