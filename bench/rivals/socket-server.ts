/** An upstream of rivals with real WebSockets: 200 to each request, a pong to each ping. `socket-server.ts PORT`. */
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const server = createServer({ keepAliveTimeout: 65_000 }, (request, response) => {
  request.resume();
  response.end('here');
});
const sockets = new WebSocketServer({ server });
sockets.on('connection', (socket) => socket.on('error', () => socket.terminate()));
server.listen(Number(process.argv[2]), '127.0.0.1');
