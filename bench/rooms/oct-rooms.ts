/**
 * Rooms of the Open Collaboration Protocol: the host broadcasts envelopes as real clients seal them, with a wrapped key
 * for each of the others, and each of those gets the envelope with its own key alone.
 */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Packr } from 'msgpackr';
import { SessionTokens } from '#shared/session-token.ts';
import { parseAffinityKey } from '#shared/ids.ts';
import { toMemberId } from '../../edge/oct/handshake.ts';
import { ours } from '../contest.ts';
import { clientFrame, messageRecord, upgradeRequest } from '../load-script.ts';
import type { ScriptMember } from '../load-script.ts';
import { benchSecrets, edgeHeaders, startEdge } from '../mooring-pool.ts';
import type { PoolEdge } from '../mooring-pool.ts';
import { startProgram } from './room-server.ts';
import type { Room, RoomPlan, RoomServer } from './room-server.ts';

/** Engine.IO version 4 without polling. */
const target = '/socket.io/?EIO=4&transport=websocket';
/** A Socket.IO connect to the main namespace, its answer, and an event `message` with one binary part. */
const connect = clientFrame('text', Buffer.from('40'));
const connected = Buffer.from('40{"sid"');
const before = clientFrame('text', Buffer.from('451-["message",{"_placeholder":true,"num":0}]'));
/** Clients have RSA keys of 4,096 bits, so a wrapped key has 512 bytes. */
const wrappedKeyBytes = 512;
const ivBytes = 16;
const packr = new Packr({ useRecords: false });

export const octServers: readonly RoomServer[] = [
  {
    name: ours,
    start: async (folder) => {
      const { edges, child } = await startEdge(folder);
      return { pid: child.pid, enter: async (plan) => await enterEdge(plan, edges[0]!) };
    },
  },
  {
    name: 'socket.io',
    start: async (folder) => {
      const { pid, port } = await startProgram('socket-io', folder);
      return {
        pid,
        enter: async (plan) => {
          const ids = Array.from({ length: plan.members }, (_, index) => `member-${index}-of-${plan.name}`);
          return roomOf(plan, ids, (index) => ({ port, headers: { 'x-member': ids[index]! } }));
        },
      };
    },
  },
];

/** Tokens as the session would give them out: an edge opens the session for whoever comes with one. */
async function enterEdge(plan: RoomPlan, edge: PoolEdge): Promise<Room> {
  const tokens = new SessionTokens(benchSecrets.CT_SESSION_SECRET, 1);
  const room = parseAffinityKey(plan.name)!;
  const signed = await Promise.all(
    Array.from({ length: plan.members }, async (_, index) => {
      const user = { id: `user-${index}`, name: `user ${index}` };
      return await tokens.signSession({ room, roomClock: Date.now(), user, host: index === 0 });
    }),
  );
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
  const spki = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  return roomOf(plan, signed.map(toMemberId), (index) => ({
    port: edge.port,
    headers: { ...edgeHeaders(edge, plan.name), 'x-oct-jwt': signed[index]!, 'x-oct-public-key': spki },
  }));
}

function roomOf(
  { name, folder }: RoomPlan,
  ids: readonly string[],
  reach: (index: number) => { readonly port: number; readonly headers: Readonly<Record<string, string>> },
): Room {
  const messages = join(folder, `${name}.messages`);
  writeFileSync(messages, messageRecord(sealBroadcast(ids)));
  const members = ids.map((_, index): ScriptMember => {
    const { port, headers } = reach(index);
    return { port, request: upgradeRequest(target, headers), opening: connect, ready: connected };
  });
  return { members, lines: { messages, before } };
}

/** The load program writes the number of each message into the content, which is sealed and so anything at all. */
function sealBroadcast([host, ...guests]: readonly string[]): Buffer {
  const iv = randomBytes(ivBytes).toString('base64');
  const keys = guests.map((target) => ({ target, key: randomBytes(wrappedKeyBytes).toString('base64'), iv }));
  return packr.pack({
    version: '0.3.0',
    kind: 'broadcast',
    origin: host,
    metadata: { encryption: { keys }, compression: { algorithm: 'none' } },
    content: Buffer.from('<<00000000>> and what somebody types besides, which is sealed'),
  });
}
