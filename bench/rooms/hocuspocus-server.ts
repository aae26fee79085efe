/** Hocuspocus as its guide starts it, with nothing stored. Prints the port that it listens on. */
import { Server } from '@hocuspocus/server';

const server = new Server({ port: 0, address: '127.0.0.1', quiet: true });
await server.listen();
console.log(`listening on ${server.address.port}`);
