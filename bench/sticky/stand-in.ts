/** An upstream that says who it is, for proxies that do not speak the control protocol: `stand-in.ts NAME PORT`. */
import { createServer } from 'node:http';

const [name, port] = process.argv.slice(2);
const who = `${name}:${process.pid}`;

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume();
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ edge: name, incarnation: process.pid }));
});
server.on('upgrade', (_request, socket) => {
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nx-edge: ${who}\r\n\r\n`,
  );
  socket.resume();
});
server.listen(Number(port), '127.0.0.1');
// As edges do: what is open ends, and nothing new comes.
process.on('SIGTERM', () => process.exit(0));
