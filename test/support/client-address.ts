/** Clients from addresses of their own: all of 127.0.0.0/8 is this machine, so a socket may be bound to any of it. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { until } from './front-door.ts';
import { RawConnection } from './raw-connection.ts';

/** Opens a connection from an address; resolves when it is there. */
export async function openFrom(t: TestContext, port: number, address: string): Promise<RawConnection> {
  const socket = connectFrom(t, port, address);
  const connection = new RawConnection(socket);
  await until(() => Promise.resolve(!socket.connecting), 'the connection is there');
  return connection;
}

/** Not there yet: what is sent goes out when they are. */
export function beginManyFrom(
  t: TestContext,
  port: number,
  { address, count }: { readonly address: string; readonly count: number },
): RawConnection[] {
  return Array.from({ length: count }, () => new RawConnection(connectFrom(t, port, address)));
}

/** Resolves when all are there. */
export async function openManyFrom(
  t: TestContext,
  port: number,
  { address, count }: { readonly address: string; readonly count: number },
): Promise<RawConnection[]> {
  return await Promise.all(Array.from({ length: count }, async () => await openFrom(t, port, address)));
}

function connectFrom(t: TestContext, port: number, localAddress: string): Socket {
  const socket = connect({ host: '127.0.0.1', port, localAddress, allowHalfOpen: true });
  t.after(() => socket.destroy());
  return socket;
}
