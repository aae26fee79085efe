/** Reads a dashboard's stream as a browser does, over HTTP/1: keeps the picture that it makes, and what it cost. */
import type { IncomingMessage } from 'node:http';
import { get } from '#shared/node-http.ts';
import { applyChange } from '../../proxy/dashboard/live/picture.ts';
import type { Picture, PictureChange, Snapshot } from '../../proxy/dashboard/live/picture.ts';

export class LiveReader {
  readonly events: string[] = [];
  picture: Picture | undefined;
  bytes = 0;
  /** Of the first snapshot. */
  snapshotBytes = 0;
  isOver = false;
  readonly #response: IncomingMessage;
  #rest = '';

  constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8').on('data', (text: string) => this.#read(text));
    response.on('close', () => (this.isOver = true));
    response.on('error', () => (this.isOver = true));
  }

  count(event: string): number {
    return this.events.filter((name) => name === event).length;
  }

  /** Takes nothing for now. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  close(): void {
    this.#response.destroy();
  }

  #read(text: string): void {
    this.bytes += Buffer.byteLength(text);
    this.#rest += text;
    const blocks = this.#rest.split('\n\n');
    this.#rest = blocks.pop()!;
    for (const block of blocks) this.#take(block);
  }

  #take(block: string): void {
    const [, event = '', data = ''] = /^event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
    this.events.push(event);
    if (event === 'snapshot') {
      this.snapshotBytes ||= Buffer.byteLength(block);
      this.picture = (JSON.parse(data) as Snapshot).picture;
    }
    if (event === 'change') this.picture = applyChange(this.picture!, JSON.parse(data) as PictureChange);
  }
}

/** Rejects with the status where the stream is refused. */
export async function openLive(port: number, headers: Record<string, string>): Promise<LiveReader> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  get({ host: '127.0.0.1', port, path: '/dashboard/live', headers, agent: false }, resolve).on(
    'error',
    reject,
  );
  const response = await promise;
  if (response.statusCode !== 200) {
    response.resume();
    throw new Error(`status ${response.statusCode}`);
  }
  return new LiveReader(response);
}
