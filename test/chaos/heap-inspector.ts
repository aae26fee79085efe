/** Looks into a Node process that was started with `--inspect`: collects its garbage, and says what is held then. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

const answerMaxMs = 60_000;
/** What one collection leaves for finalizers goes with a later one. */
const collections = 4;

export class HeapInspector {
  readonly #socket: WebSocket;
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Takes what the process said on standard error, where its address stands. */
  static async open(stderr: string): Promise<HeapInspector> {
    const url = /Debugger listening on (ws:\/\/\S+)/.exec(stderr)?.[1];
    if (url === undefined) throw new Error(`there is no inspector: ${stderr}`);
    const socket = new WebSocket(url, { perMessageDeflate: false });
    await once(socket, 'open', { signal: AbortSignal.timeout(answerMaxMs) });
    const inspector = new HeapInspector(socket);
    await inspector.#call('HeapProfiler.enable');
    return inspector;
  }

  async heldBytes(): Promise<number> {
    let least = Infinity;
    for (let i = 0; i < collections; i++) {
      await this.#call('HeapProfiler.collectGarbage');
      const { usedSize } = (await this.#call('Runtime.getHeapUsage')) as { usedSize: number };
      least = Math.min(least, usedSize);
    }
    return least;
  }

  /** A process does not end while somebody looks into it. */
  close(): void {
    this.#socket.close();
  }

  async #call(method: string): Promise<unknown> {
    const id = ++this.#calls;
    const signal = AbortSignal.timeout(answerMaxMs);
    this.#socket.send(JSON.stringify({ id, method }));
    for (;;) {
      const [data] = (await once(this.#socket, 'message', { signal })) as [Buffer];
      const answer = JSON.parse(data.toString('utf8')) as { id?: number; result?: unknown };
      if (answer.id === id) return answer.result;
    }
  }
}
