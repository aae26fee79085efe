/**
 * Runs in a browser's page: members of one session by Socket.IO clients of each release, which speak in
 * envelopes. Tests find them as `globalThis.guests`.
 */
import { pack } from 'msgpackr';
import { sealedFor } from '../oct-envelopes.ts';
import { clientOf } from '../socket-io-releases.ts';
import type { Ticket } from './page-interfaces.ts';
import { PageSpeaker } from './page-speaker.ts';

const speakers: PageSpeaker[] = [];
/** Of all members of the session; set before anybody talks. */
let ids: readonly string[] = [];

function enter({ release, token, publicKey }: Ticket): void {
  const socket = clientOf(release)({
    forceNew: true,
    extraHeaders: { 'x-oct-jwt': token, 'x-oct-public-key': publicKey },
  });
  const say = (n: number): void => {
    const content = new TextEncoder().encode(`${release} says ${n}`.padEnd(100, 'x'));
    socket.send(pack(sealedFor(ids, { kind: 'broadcast', content })));
  };
  speakers.push(new PageSpeaker(socket, say));
}

function know(all: readonly string[]): void {
  ids = all;
}

Object.assign(globalThis, { guests: { enter, know, speakers } });
