/**
 * What many connections are sent in one turn of the event loop, in one buffer, and the one call at the turn's end that sends
 * it: past Node's streams, whose work for each write is more than the kernel's.
 */
import { loadNativeSockets } from '#native/binding.ts';
import type { NativeSockets } from '#native/binding.ts';

/** A connection that bytes are sent to. */
export interface Receiver {
  readonly descriptor: number;
  /** Whether it can be sent to past its stream now. */
  readonly isDirect: boolean;
  /** The turn is over, and the system took so many bytes. */
  onSent(bytes: number): void;
  /** What it did not take, behind all that was said before. */
  onLeft(bytes: Buffer): void;
}

/** What comes beyond one of these goes out before the turn's end. */
const turnBytes = 262_144;
/** As many as the native call takes for one connection, so that it does not matter whose they are. */
const spansMax = 1_024;
const none = -1;

export class TurnBytes {
  readonly bytes = Buffer.allocUnsafeSlow(turnBytes);
  readonly #native: NativeSockets;
  /** Those who have bytes in this turn, by their place; the spans of each are a list. */
  readonly #receivers: Receiver[] = [];
  readonly #first = new Int32Array(spansMax);
  readonly #last = new Int32Array(spansMax);
  readonly #waiting = new Int32Array(spansMax);
  readonly #from = new Int32Array(spansMax);
  readonly #to = new Int32Array(spansMax);
  readonly #next = new Int32Array(spansMax);
  #spansCount = 0;
  #end = 0;
  #isScheduled = false;
  #shared: { readonly bytes: Uint8Array; readonly start: number } | undefined;
  readonly #sent = new Int32Array(spansMax);
  /** For the native call, and whose each of its orders is. */
  readonly #orders = new Int32Array(spansMax * 2);
  readonly #orderedSpans = new Int32Array(spansMax * 2);
  readonly #ordered = new Int32Array(spansMax);

  /** Undefined where there is no add-on. */
  static open(): TurnBytes | undefined {
    const native = loadNativeSockets();
    return native && new TurnBytes(native);
  }

  private constructor(native: NativeSockets) {
    this.#native = native;
  }

  /** Room for so many bytes, which are the caller's to write before the turn goes on; `add` says whose they are. */
  claim(length: number): number {
    if (this.#end + length > turnBytes || this.#spansCount === spansMax) this.#send();
    const start = this.#end;
    this.#end += length;
    return start;
  }

  /** As `claim`, with these bytes in it. The same buffer is copied once for all whom it is added for, one after the other. */
  share(bytes: Uint8Array): number {
    if (this.#spansCount === spansMax) this.#send();
    if (this.#shared?.bytes === bytes) return this.#shared.start;
    const start = this.claim(bytes.byteLength);
    this.bytes.set(bytes, start);
    this.#shared = { bytes, start };
    return start;
  }

  /** `place` is what it gave for the same receiver before in this turn; gives its place. */
  add(receiver: Receiver, place: number | undefined, [from, to]: readonly [number, number]): number {
    const at = place ?? this.#enter(receiver);
    this.#waiting[at]! += to - from;
    const last = this.#last[at]!;
    if (last !== none && this.#to[last] === from) {
      this.#to[last] = to;
      return at;
    }
    const span = this.#spansCount++;
    this.#from[span] = from;
    this.#to[span] = to;
    this.#next[span] = none;
    if (last === none) this.#first[at] = span;
    else this.#next[last] = span;
    this.#last[at] = span;
    return at;
  }

  waitingOf(place: number): number {
    return this.#waiting[place]!;
  }

  /** All that the receiver has in this turn goes another way. */
  take(place: number): Buffer {
    const bytes = this.#copy(place);
    this.#empty(place);
    return bytes;
  }

  #enter(receiver: Receiver): number {
    const place = this.#receivers.push(receiver) - 1;
    this.#empty(place);
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      setImmediate(() => {
        this.#isScheduled = false;
        this.#send();
      });
    }
    return place;
  }

  #empty(place: number): void {
    this.#first[place] = none;
    this.#last[place] = none;
    this.#waiting[place] = 0;
  }

  #copy(place: number): Buffer {
    const copy = Buffer.allocUnsafe(this.#waiting[place]!);
    let at = 0;
    for (let span = this.#first[place]!; span !== none; span = this.#next[span]!) {
      at += this.bytes.copy(copy, at, this.#from[span], this.#to[span]);
    }
    return copy;
  }

  #send(): void {
    const count = this.#order();
    if (count > 0) this.#native.sendEach(this.bytes, this.#orders, this.#orderedSpans, count);
    const left = this.#settle(count);
    this.#receivers.length = 0;
    this.#spansCount = 0;
    this.#end = 0;
    this.#shared = undefined;
    // Only now: whoever hears of it may send something.
    for (const [receiver, bytes] of left) receiver.onLeft(bytes);
  }

  /** For the native call: whoever can be sent to past the stream. Gives how many those are. */
  #order(): number {
    let count = 0;
    let spans = 0;
    for (let place = 0; place < this.#receivers.length; place++) {
      const { descriptor, isDirect } = this.#receivers[place]!;
      this.#sent[place] = 0;
      if (this.#waiting[place] === 0 || !isDirect) continue;
      const before = spans;
      for (let span = this.#first[place]!; span !== none; span = this.#next[span]!) {
        this.#orderedSpans[2 * spans] = this.#from[span]!;
        this.#orderedSpans[2 * spans++ + 1] = this.#to[span]!;
      }
      this.#orders[2 * count] = descriptor;
      this.#orders[2 * count + 1] = spans - before;
      this.#ordered[count++] = place;
    }
    return count;
  }

  #settle(count: number): [Receiver, Buffer][] {
    for (let i = 0; i < count; i++) this.#sent[this.#ordered[i]!] = this.#orders[2 * i + 1]!;
    const left: [Receiver, Buffer][] = [];
    for (let place = 0; place < this.#receivers.length; place++) {
      const receiver = this.#receivers[place]!;
      const sent = this.#sent[place]!;
      receiver.onSent(sent);
      if (sent < this.#waiting[place]!) left.push([receiver, this.#copy(place).subarray(sent)]);
    }
    return left;
  }
}
