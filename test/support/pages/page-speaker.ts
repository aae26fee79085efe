/** Runs in a browser's page: a member who talks in numbered broadcasts, and what its Socket.IO client went through. */
import type { Socket } from 'socket.io-client';
import { WireLog } from '../oct-envelopes.ts';
import type { SpeakerReport } from '../oct-envelopes.ts';

export class PageSpeaker {
  readonly #socket: Socket;
  readonly #say: (n: number) => void;
  readonly #log: WireLog;
  readonly #reasons: string[] = [];
  /** Of each return, whether it was exact. */
  readonly #returns: boolean[] = [];
  #said = 0;
  #talking: ReturnType<typeof setInterval> | undefined;

  constructor(socket: Socket, say: (n: number) => void) {
    this.#socket = socket;
    this.#say = say;
    this.#log = new WireLog(socket);
    let connects = 0;
    socket.on('disconnect', (reason) => this.#reasons.push(reason));
    socket.on('connect', () => {
      if (++connects > 1) this.#returns.push(socket.recovered);
    });
  }

  get id(): string | undefined {
    return this.#log.introductions[0];
  }

  talk(intervalMs: number): void {
    this.#talking = setInterval(() => this.#say(++this.#said), intervalMs);
  }

  silence(): void {
    clearInterval(this.#talking);
  }

  report(): SpeakerReport {
    const { connected, io } = this.#socket;
    return {
      id: this.id ?? '',
      isOnWebSocket: connected && io.engine?.transport.name === 'websocket',
      sent: this.#log.sent,
      heard: this.#log.heard,
      reasons: this.#reasons,
      returns: this.#returns,
    };
  }
}
