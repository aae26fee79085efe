/**
 * The client of one case of HTTP/2: sends its frames from its own address over TLS, asks by PING whether all of them were read, and goes when it
 * has what it is owed or the connection has ended. Always comes to an end: a front door that does neither is a hang.
 */
import { connect as connectPlain } from 'node:net';
import { connect } from 'node:tls';
import {
  flag,
  frame,
  FrameConnection,
  frameType,
  ping,
  preface,
  settingsFrame,
} from '../support/http2-frames.ts';
import { splitFrames } from './frame-grammar.ts';
import type { HttpCase } from './http-case.ts';
import { writeAll } from './raw-client.ts';
import type { ClientView } from './raw-client.ts';

export interface FrameView {
  /** Who ended the connection, as in `ClientView`. */
  readonly end: ClientView['end'];
  readonly goaway: number | undefined;
  /** By stream, of those that have a head. */
  readonly answers: readonly { readonly status: number; readonly body: Buffer; readonly isWhole: boolean }[];
}

/** Above every deadline of the front door under test, and above what a busy machine adds. */
const hangMs = 20_000;
/** A damaged request may be one that is never answered. */
const owedMaxMs = 500;
const highestStream = 64;
const lastWords = 'the end.';
const lastPayload = Buffer.from(lastWords);
/** Full handshakes are most of what a connection costs. */
let session: Buffer | undefined;

export async function playFrames(port: number, item: HttpCase): Promise<FrameView> {
  const { promise, resolve } = Promise.withResolvers<ClientView['end']>();
  const socket = connect({
    socket: connectPlain({ host: '127.0.0.1', port, localAddress: item.address, noDelay: true }),
    rejectUnauthorized: false,
    ALPNProtocols: ['h2'],
    ...(session === undefined ? {} : { session }),
  });
  socket.on('session', (ticket: Buffer) => (session = ticket));
  const connection = new FrameConnection(socket);
  const streams = streamsOf(item);
  let owing: NodeJS.Timeout | undefined;
  const deadline = setTimeout(() => resolve('hang'), hangMs);
  const look = (): void => {
    if (connection.hasEnded) return resolve('closed');
    if (!isRead(connection)) return;
    const owesNothing = streams.every((stream) => isOver(connection, stream));
    if (item.ending === 'leaves' || owesNothing) return resolve('left');
    owing ??= setTimeout(() => resolve('left'), owedMaxMs);
  };
  socket.on('data', look);
  for (const event of ['end', 'close']) socket.on(event, look);
  socket.on('error', (error: NodeJS.ErrnoException) =>
    resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'closed'),
  );
  socket.once('secureConnect', () => {
    const opening = [preface, settingsFrame([[1, 0]]), frame(frameType.settings, flag.ack, 0)];
    writeAll(socket, [Buffer.concat(opening), ...item.writes, ping(lastWords)], () => {
      if (item.ending === 'half-closes') socket.end();
    });
  });
  const end = await promise;
  clearTimeout(deadline);
  clearTimeout(owing);
  socket.destroy();
  return { end, goaway: connection.goaway, answers: answersOf(connection, streams) };
}

function isRead({ frames }: FrameConnection): boolean {
  return frames.some(
    ({ type, flags, payload }) =>
      type === frameType.ping && (flags & flag.ack) !== 0 && payload.equals(lastPayload),
  );
}

/** Streams that a client of these frames may open. */
function streamsOf({ writes }: HttpCase): number[] {
  const opened = splitFrames(Buffer.concat([...writes])).flatMap((bytes) =>
    bytes.length >= 9 && bytes.readUInt8(3) === frameType.headers ? [bytes.readUInt32BE(5)] : [],
  );
  const odd = opened.filter((stream) => stream % 2 === 1 && stream <= highestStream);
  return [...new Set(odd)];
}

function isOver(connection: FrameConnection, stream: number): boolean {
  return connection.hasEndOf(stream) || connection.resetOf(stream) !== undefined;
}

function answersOf(connection: FrameConnection, streams: readonly number[]): FrameView['answers'] {
  return streams.flatMap((stream) => {
    const status = connection.statusOf(stream);
    const isWhole = connection.hasEndOf(stream);
    return status === undefined ? [] : [{ status, body: connection.bodyOf(stream), isWhole }];
  });
}
