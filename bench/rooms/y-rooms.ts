/**
 * Rooms of y-websocket: one member overwrites a text again and again, all others get each update. Ours writes every
 * update to disk before anybody gets it; Hocuspocus stores nothing, and the plain relay does not know what a document is.
 */
import { closeSync, openSync, writeSync } from 'node:fs';
import { Doc } from 'yjs';
import { clientFrame, messageRecord, upgradeRequest } from '../load-script.ts';
import type { ScriptMember } from '../load-script.ts';
import { ours } from '../contest.ts';
import { edgeHeaders, startEdge } from '../mooring-pool.ts';
import { startProgram } from './room-server.ts';
import type { RoomPlan, RoomServer } from './room-server.ts';

/** y-protocols: a sync message (0), step 1 (0) and the state vector of an empty document. */
const firstQuestion = Buffer.from([0, 0, 1, 0]);
const flushAtBytes = 1_048_576;

/** Writes so many updates, each with its number in the text; returns the path. */
export function writeUpdates(path: string, count: number): string {
  const doc = new Doc();
  // A number of its own, so that all runs have the same bytes.
  doc.clientID = 1_000_001;
  const text = doc.getText('text');
  const file = openSync(path, 'w');
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  const flush = (): void => {
    writeSync(file, Buffer.concat(waiting));
    waiting = [];
    waitingBytes = 0;
  };
  doc.on('update', (update: Uint8Array) => {
    const record = messageRecord(encodeUpdate(update));
    waiting.push(record);
    waitingBytes += record.length;
    if (waitingBytes > flushAtBytes) flush();
  });
  for (let number = 0; number < count; number++) {
    doc.transact(() => {
      text.delete(0, text.length);
      text.insert(0, `<<${String(number).padStart(8, '0')}>> and what somebody types besides`);
    });
  }
  flush();
  closeSync(file);
  return path;
}

/** All servers of this contest get the same updates. */
export function createYServers(messages: string): RoomServer[] {
  return [
    {
      name: ours,
      start: async (folder) => {
        const pool = await startEdge(folder);
        const edge = pool.edges[0]!;
        return {
          pid: pool.child.pid,
          enter: async (plan) => ({
            members: repeat(plan, {
              port: edge.port,
              request: upgradeRequest(`/y/${plan.name}/document`, edgeHeaders(edge, plan.name)),
              ready: firstQuestion,
            }),
            lines: { messages },
          }),
        };
      },
    },
    {
      name: 'hocuspocus',
      start: async (folder) => {
        const { pid, port } = await startProgram('hocuspocus', folder);
        return {
          pid,
          enter: async (plan) => {
            const name = encodeText(plan.name);
            // Auth (2) with a token (0), then a question whose answer, step 2 (0, 1), shows that the member is in.
            const authentication = Buffer.concat([name, Buffer.from([2, 0]), encodeText('token')]);
            const question = Buffer.concat([name, firstQuestion]);
            const member = {
              port,
              request: upgradeRequest('/', {}),
              opening: Buffer.concat([
                clientFrame('binary', authentication),
                clientFrame('binary', question),
              ]),
              ready: Buffer.concat([name, Buffer.from([0, 1])]),
            };
            return { members: repeat(plan, member), lines: { messages, prefix: name } };
          },
        };
      },
    },
    {
      name: 'ws-relay',
      start: async (folder) => {
        const { pid, port } = await startProgram('ws-relay', folder);
        return {
          pid,
          enter: async (plan) => ({
            members: repeat(plan, { port, request: upgradeRequest('/', {}) }),
            lines: { messages },
          }),
        };
      },
    },
  ];
}

function repeat({ members }: RoomPlan, member: ScriptMember): ScriptMember[] {
  return Array.from({ length: members }, () => member);
}

/** A sync message (0) with an update (2), whose length is a varint of 7-bit groups. */
function encodeUpdate(update: Uint8Array): Buffer {
  const { length } = update;
  if (length >= 1 << 14) throw new Error(`an update of ${length} bytes`);
  const size = length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  return Buffer.concat([Buffer.from([0, 2, ...size]), update]);
}

/** Length, below 128, and bytes, as lib0 writes texts. */
function encodeText(text: string): Buffer {
  return Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
}
