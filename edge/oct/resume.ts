/**
 * Socket.IO's connection state recovery with our own memory: clients send the private id of their stream and
 * the offset that came with the last event. Only whether they may go on is answered here; what they missed is
 * replayed from the outbox when the socket is connected, so nothing that is said in between falls into a hole.
 */
import { randomBytes } from 'node:crypto';
import type { Socket } from 'socket.io';
import { Adapter } from 'socket.io-adapter';
import type { Session } from 'socket.io-adapter';
import type { AffinityKey } from '#shared/ids.ts';
import type { ResumePoint } from '../core/session-command.ts';
import type { StreamId } from '../core/session-state.ts';

/** Whether the session with this key could let a client go on at this point. */
export type ResumeCheck = (key: string, point: ResumePoint) => boolean;

const sidRandomBytes = 15;
const pointMaxLength = 256;

/** The adapter class for Socket.IO, which makes one per namespace. */
export function createResumeAdapter(check: ResumeCheck): typeof Adapter {
  return class ResumeAdapter extends Adapter {
    override restoreSession(pid: string, offset: string): Promise<Session> {
      const stream = pid as StreamId;
      if (!check(keyOf(stream), { stream, offset })) return Promise.resolve(noSession);
      // A new sid: the socket of a connection that hangs still stands under the old one.
      const sid = randomBytes(sidRandomBytes).toString('base64url');
      return Promise.resolve({ sid, pid, rooms: [], data: undefined, missedPackets: [] });
    }
  };
}

/** How Socket.IO's adapters say that there is nothing to restore; their types have no word for it. */
const noSession = null as unknown as Session;

/** Where the client says that it was; undefined for one that was not connected before. */
export function readResumePoint(socket: Socket): ResumePoint | undefined {
  const { pid, offset } = socket.handshake.auth as { readonly pid?: unknown; readonly offset?: unknown };
  if (typeof pid !== 'string' || pid.length > pointMaxLength) return undefined;
  const isOffset = typeof offset === 'string' && offset.length <= pointMaxLength;
  return { stream: pid as StreamId, offset: isOffset ? offset : undefined };
}

/** The stream that the client is told of. */
export function streamOf(socket: Socket): StreamId {
  return (socket as unknown as StreamHolder).pid;
}

/**
 * Names the stream of a socket that is about to be connected. The name carries the key, by which the stream is
 * found again. A client that heard nothing has no offset, and Socket.IO would take it for a new one.
 */
export function nameStream(socket: Socket, key: AffinityKey, check: ResumeCheck): void {
  if (socket.recovered) return;
  const holder = socket as unknown as StreamHolder;
  const point = readResumePoint(socket);
  const goesOn = point !== undefined && point.offset === undefined && check(key, point);
  holder.pid = goesOn ? point.stream : (`${key}~${holder.pid}` as StreamId);
}

/** Socket.IO declares the field private, and tells the client what it holds when the socket is connected. */
interface StreamHolder {
  pid: StreamId;
}

function keyOf(stream: StreamId): string {
  return stream.slice(0, Math.max(0, stream.lastIndexOf('~')));
}
