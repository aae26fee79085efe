/** One session of the demo with its members: every other one by the Open Collaboration Protocol, the others by y-websocket. */
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { hostSession, joinSession, logIn } from '../support/oct-client.ts';
import type { OctMember } from '../support/oct-client.ts';
import { browserOf, editorOf } from './demo-clients.ts';

export interface DemoSession {
  readonly key: string;
  readonly members: number;
  enter(): Promise<void>;
  /** Whoever came last; a session keeps one member. */
  leave(): void;
  close(): void;
}

const names = [
  'Ada',
  'Blaise',
  'Chana',
  'Dmitri',
  'Edsger',
  'Fatima',
  'Grace',
  'Hedy',
  'Imani',
  'Jun',
  'Kwame',
  'Lena',
];
const writeMinMs = 400;
const writeMaxMs = 3_000;

export async function openDemoSession(url: string, number: number): Promise<DemoSession> {
  const session = number % 2 === 0 ? new DocumentSession(url, number) : await OctSession.open(url, number);
  await session.enter();
  return session;
}

function nameOf(number: number): string {
  return `${names[number % names.length]!}-${number}`;
}

/** Calls at intervals of a person who writes. */
function writeNowAndThen(write: () => void): NodeJS.Timeout {
  return setInterval(write, writeMinMs + Math.random() * (writeMaxMs - writeMinMs));
}

class OctSession implements DemoSession {
  readonly key: string;
  readonly #url: string;
  readonly #number: number;
  readonly #host: OctMember;
  readonly #guests: OctMember[] = [];
  readonly #writing: NodeJS.Timeout;
  #came = 0;

  static async open(url: string, number: number): Promise<OctSession> {
    const loginToken = await logIn(url, nameOf(number));
    const host = await hostSession({ url, loginToken, ownBackOff: true, ...editorOf(number) });
    return new OctSession(url, number, host);
  }

  private constructor(url: string, number: number, host: OctMember) {
    this.#url = url;
    this.#number = number;
    this.#host = host;
    this.key = host.key;
    this.#writing = writeNowAndThen(() => {
      // A session that has just ended takes nothing.
      void Promise.resolve(host.connection.chat.sendMessage('Look at line 42, please.')).catch(
        () => undefined,
      );
    });
  }

  get members(): number {
    return this.#guests.length + 1;
  }

  async enter(): Promise<void> {
    const number = this.#number + 5 * ++this.#came;
    const options = { url: this.#url, ownBackOff: true, ...editorOf(number) };
    const loginToken = await logIn(this.#url, nameOf(number));
    this.#guests.push(await joinSession({ ...options, loginToken }, this.key));
  }

  leave(): void {
    this.#guests.pop()?.dispose();
  }

  close(): void {
    clearInterval(this.#writing);
    for (const member of [...this.#guests, this.#host]) member.dispose();
  }
}

class DocumentSession implements DemoSession {
  readonly key: string;
  readonly #url: string;
  readonly #number: number;
  readonly #members: {
    readonly provider: WebsocketProvider;
    readonly doc: Y.Doc;
    readonly writing: NodeJS.Timeout;
  }[] = [];

  constructor(url: string, number: number) {
    this.#url = url;
    this.#number = number;
    this.key = `notes-of-${nameOf(number).toLowerCase()}`;
  }

  get members(): number {
    return this.#members.length;
  }

  async enter(): Promise<void> {
    const doc = new Y.Doc();
    const provider = new WebsocketProvider(`${this.#url.replace('http', 'ws')}/y/${this.key}`, 'notes', doc, {
      WebSocketPolyfill: webSocketOf(browserOf(this.#number + this.#members.length)) as never,
      disableBc: true,
    });
    const text = doc.getText('text');
    const writing = writeNowAndThen(() => {
      text.insert(0, '- one more line\n');
      if (text.length > 2_000) text.delete(1_000, text.length - 1_000);
    });
    this.#members.push({ provider, doc, writing });
    await Promise.resolve();
  }

  leave(): void {
    if (this.#members.length > 1) this.#dismiss();
  }

  close(): void {
    while (this.#members.length > 0) this.#dismiss();
  }

  #dismiss(): void {
    const { provider, doc, writing } = this.#members.pop()!;
    clearInterval(writing);
    provider.destroy();
    doc.destroy();
  }
}

/** As a browser opens it, which says what it is. */
function webSocketOf(userAgent: string): new (address: string, protocols?: string[]) => WebSocket {
  return class extends WebSocket {
    constructor(address: string, protocols?: string[]) {
      super(address, protocols, { headers: { 'user-agent': userAgent } });
    }
  };
}
