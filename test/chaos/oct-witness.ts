/**
 * A member of an editor's session who talks and asks all the time: the unmodified library, with its own back-off, watched
 * at the level of the wire, where order is judged.
 */
import { unpack } from 'msgpackr';
import type { OctMember } from '../support/oct-client.ts';
import { asBytes, fingerprint } from '../support/oct-envelopes.ts';
import type { RawMessage } from '../support/oct-envelopes.ts';
import { nowMs } from './history.ts';
import type { Pen } from './history.ts';
import type { Newness } from './newness.ts';

export interface OctWitnessOptions {
  readonly member: OctMember;
  readonly name: string;
  readonly pen: Pen;
  readonly newness: Newness;
}

export class OctWitness {
  readonly name: string;
  readonly key: string;
  readonly member: OctMember;
  newestReadAt = -Infinity;
  /** The last envelope that this member sent, and the last that it heard of each peer. */
  lastSaid = '';
  readonly lastHeard = new Map<string, string>();
  /** Envelopes of others that the library has opened, which it does in its own time. */
  opened = 0;
  readonly #options: OctWitnessOptions;
  #said = 0;
  #timers: NodeJS.Timeout[] = [];
  #pending = 0;

  constructor(options: OctWitnessOptions) {
    const { member, name, pen } = options;
    this.#options = options;
    this.name = name;
    this.key = member.key;
    this.member = member;
    pen({ kind: 'introduced', member: name, key: this.key, peer: member.self.id });
    member.connection.sync.onDataUpdate(() => void this.opened++);
    member.connection.fs.onReadFile((_origin, path) => ({ content: new TextEncoder().encode(path) }));
    const socket = member.socket!;
    socket.onAnyOutgoing((_event: string, bytes: Uint8Array) =>
      this.#send(unpack(asBytes(bytes)) as RawMessage),
    );
    socket.on('message', (bytes: Uint8Array, offset: unknown) =>
      this.#hear(unpack(asBytes(bytes)) as RawMessage, offset),
    );
  }

  get peer(): string {
    return this.member.self.id;
  }

  get isConnected(): boolean {
    return this.member.socket!.connected;
  }

  /** Requests that this member sent and whose answer it still waits for. */
  get pending(): number {
    return this.#pending;
  }

  startTalking(intervalMs: number): void {
    this.#timers.push(setInterval(() => this.say(), intervalMs));
  }

  say(): void {
    const word = new TextEncoder().encode(`${this.name} ${++this.#said}`);
    // A library that waits for its connection refuses what it cannot send now; the wire shows what was sent.
    this.member.connection.sync.dataUpdate(word).catch(() => undefined);
  }

  startAsking(peer: string, intervalMs: number): void {
    const { connection } = this.member;
    this.#timers.push(
      setInterval(() => {
        this.#pending++;
        void connection.fs
          .readFile(peer, `src/${++this.#said}.ts`)
          .then(
            () => undefined,
            () => undefined,
          )
          .finally(() => this.#pending--);
      }, intervalMs),
    );
  }

  stop(): void {
    this.#timers.forEach((timer) => clearInterval(timer));
    this.#timers = [];
  }

  /** Writes down whom the member was told of, and leaves. */
  leave(): void {
    this.stop();
    const { pen } = this.#options;
    for (const event of this.member.events.items) {
      if (event.kind !== 'joined' && event.kind !== 'left') continue;
      const { id: peer, name } = event.peer;
      const kind = event.kind === 'joined' ? 'met' : 'missed';
      pen({ kind, member: this.name, key: this.key, peer, name });
    }
    this.member.dispose();
  }

  #send({ kind, id, content }: RawMessage): void {
    if (!(content instanceof Uint8Array)) return;
    const { pen, newness } = this.#options;
    const { name: member, key } = this;
    if (kind === 'broadcast') {
      const envelope = fingerprint(content);
      this.lastSaid = envelope;
      pen({ kind: 'said', member, key, envelope });
      newness.note(`${key}/${envelope}`, nowMs());
    } else if (kind === 'request') {
      pen({ kind: 'asked', member, key, request: String(id) });
    }
  }

  #hear({ kind, id, origin = '', content }: RawMessage, offset: unknown): void {
    const { pen, newness } = this.#options;
    const { name: member, key } = this;
    if (kind === 'response' || kind === 'response-error') {
      pen({ kind: 'answered', member, key, request: String(id), isError: kind === 'response-error' });
    } else if (!(content instanceof Uint8Array)) {
      if (content.method !== 'peer/info') return;
      pen({ kind: 'introduced', member, key, peer: String(content.params?.[0]?.['id']) });
    } else if (kind === 'broadcast') {
      const envelope = fingerprint(content);
      const epoch = Number(/^(\d+)\./.exec(String(offset))?.[1] ?? 0);
      this.lastHeard.set(origin, envelope);
      pen({ kind: 'heard', member, key, peer: origin, envelope, epoch });
      this.newestReadAt = Math.max(this.newestReadAt, newness.sentAt(`${key}/${envelope}`));
    }
  }
}
