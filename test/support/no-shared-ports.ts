/** Loaded into a process by `--import`: a system where no two processes can listen at one port, as Node tells of such a one. */
import { Server } from 'node:net';

const listen = Reflect.get(Server.prototype, 'listen') as (this: Server, ...args: unknown[]) => Server;

Reflect.set(Server.prototype, 'listen', function (this: Server, ...args: unknown[]): Server {
  const [where] = args as [{ reusePort?: boolean } | undefined];
  if (where?.reusePort !== true) return listen.apply(this, args);
  const refused = Object.assign(new Error('listen ENOTSUP'), { code: 'ENOTSUP', syscall: 'listen' });
  process.nextTick(() => this.emit('error', refused));
  return this;
});
