/**
 * A client of the Open Collaboration Protocol as the real ones are (socket.io-client 4.8, open-collaboration-protocol
 * 0.3): joins, connects, comes back by itself, says where it was, keeps what it has to say meanwhile, and gives up
 * 30 s after it lost its connection, to be started anew by its person.
 */
import { timing } from '#shared/timing.ts';
import { toMemberId } from '../../edge/oct/handshake.ts';
import { plain } from './oct-envelopes.ts';
import { OctJoining } from './oct-joining.ts';
import type { ClientWorld, Company } from './client-world.ts';
import { OctVoice } from './oct-voice.ts';
import type { SayingKind } from './oct-voice.ts';
import type { DownFrame, Tunnel } from './tunnel.ts';
import type { Task } from './virtual-time.ts';

export type ClientState = 'new' | 'asking' | 'waiting' | 'connecting' | 'connected' | 'out';

const connectMaxMs = 20_000;
/** Without a ping for so long the edge is given up. */
const silenceMaxMs = 15_000;
const backoffMaxMs = 5_000;

export class OctClient {
  readonly name: string;
  readonly isHost: boolean;
  state: ClientState = 'new';
  readonly voice: OctVoice;
  readonly #world: ClientWorld;
  readonly #company: Company;
  #token: string | undefined;
  #instance = 1;
  #pid: string | undefined;
  #offset: string | undefined;
  #tunnel: Tunnel | undefined;
  #seat = '';
  #seats = 0;
  #unsent: Uint8Array[] = [];
  #attempts = 0;
  #heardMs = 0;
  #giveUp: Task | undefined;
  #leaveRequest: () => void = () => undefined;
  #isReading = true;

  constructor(world: ClientWorld, company: Company, name: string, isHost: boolean) {
    this.#world = world;
    this.#company = company;
    this.name = name;
    this.isHost = isHost;
    this.voice = new OctVoice(world, company, {
      name,
      id: () => this.id,
      write: (bytes) => this.#write(bytes),
    });
    this.#watchSilence();
  }

  get id(): string | undefined {
    return this.#token === undefined ? undefined : toMemberId(this.#token);
  }

  /** The host creates the session, a guest asks to be let in. */
  begin(): void {
    if (this.state !== 'new') return;
    this.state = 'asking';
    const { ground, verdict, send } = this.#world;
    const joining = new OctJoining({ ground, verdict, send, company: this.#company, name: this.name });
    const onToken = (token: string | undefined): void => {
      if (token === undefined) this.#end();
      else this.#takeToken(token);
    };
    if (this.isHost) joining.create(onToken);
    else joining.ask(onToken);
  }

  say(kind: SayingKind, to: string | undefined, size: number): void {
    if (this.state !== 'new' && this.state !== 'asking' && this.state !== 'out')
      this.voice.say(kind, to, size);
  }

  /** Says goodbye; a host ends the session so. */
  leave(): void {
    if (this.state !== 'connected') return;
    this.#write(
      plain({ kind: 'notification', target: '', origin: this.id }, { method: 'room/leave', params: [] }),
    );
    if (this.isHost) this.#company.hasEnded = true;
    this.#end();
  }

  /** An administrator takes its member out. */
  noteRemoval(isBanned: boolean): void {
    if (isBanned) this.#company.banned.add(this.name);
  }

  /** An administrator ends the session. */
  noteEnd(): void {
    this.#company.hasEnded = true;
  }

  /** Somebody who was taken out tries to come back with the old token. */
  insist(): void {
    if (this.state !== 'out' || this.#token === undefined || this.#company.hasEnded) return;
    this.#tell('insists');
    this.state = 'waiting';
    this.#connect();
    this.#watchSilence();
  }

  /** The person starts the client anew, which knows its token alone. */
  restart(): void {
    if (this.#token === undefined || this.state === 'out') return;
    this.#tell('starts anew');
    this.#loseConnection();
    this.#instance++;
    this.#pid = undefined;
    this.#offset = undefined;
    this.#unsent = [];
    this.voice.roster.clear();
    this.#connect();
  }

  /** Its network breaks: nothing in flight arrives, and both ends hear of it. */
  cut(losesAll: boolean): void {
    this.#tunnel?.break(losesAll);
  }

  stopReading(): void {
    this.#isReading = false;
    this.#tunnel?.pauseDown();
  }

  goOnReading(): void {
    this.#isReading = true;
    this.#tunnel?.resumeDown();
  }

  #takeToken(token: string): void {
    this.#token = token;
    this.#company.ids.set(this.name, this.id!);
    this.#connect();
  }

  #connect(): void {
    if (this.state === 'out') return;
    this.state = 'connecting';
    this.#seat = `${this.name}/${this.#instance}#${++this.#seats}`;
    const seat = this.#seat;
    const isCurrent = (): boolean => this.#seat === seat && this.state === 'connecting';
    this.#leaveRequest = this.#world.send({
      client: this.name,
      method: 'GET',
      target: '/socket.io/?EIO=4&transport=websocket',
      headers: ['ctstickiness', this.#company.key],
      isUpgrade: true,
      seat,
      onDown: (frame) => this.#hear(seat, frame),
      onAnswer: () => isCurrent() && this.#comeBack(),
      onFailed: () => isCurrent() && this.#comeBack(),
      onTunnel: (tunnel) => {
        if (!isCurrent()) return tunnel.break(true);
        this.#tunnel = tunnel;
        if (this.#isReading) tunnel.resumeDown();
        this.#heardMs = this.#nowMs;
        const auth = {
          token: this.#token!,
          publicKey: `key ${this.#instance} of ${this.name}`,
          pid: this.#pid,
          offset: this.#offset,
        };
        tunnel.sendUp({ kind: 'connect', auth });
      },
    });
    this.#world.ground.time.after(connectMaxMs, undefined, () => isCurrent() && this.#comeBack());
  }

  #hear(seat: string, frame: DownFrame): void {
    if (seat !== this.#seat || this.#tunnel === undefined) return;
    this.#heardMs = this.#nowMs;
    switch (frame.kind) {
      case 'ping':
        return this.#tunnel.sendUp({ kind: 'pong' });
      case 'connected':
        return this.#onConnected(frame.pid);
      case 'event':
        this.#offset = frame.offset;
        return this.voice.hear(frame.bytes, this.#pid!);
      case 'refused':
        return this.#onRefused(frame.code);
      case 'expelled':
        this.#tell('is expelled');
        return this.#end();
      case 'stop':
      case 'close':
        this.#tunnel.sendUp({ kind: 'close' });
        return this.#comeBack();
      case 'broken':
        return this.#comeBack();
      case 'bytes':
    }
  }

  #onConnected(pid: string): void {
    const goesOn = pid === this.#pid;
    this.#tell(goesOn ? 'resumes' : 'is connected anew');
    if (!goesOn) this.voice.roster.clear();
    this.#pid = pid;
    this.state = 'connected';
    this.#attempts = 0;
    this.#world.ground.time.cancel(this.#giveUp);
    for (const bytes of this.#unsent.splice(0)) this.#write(bytes);
  }

  #onRefused(code: string): void {
    const { hasEnded, banned } = this.#company;
    this.#tell(`is refused: ${code}`);
    const isDue = hasEnded || (banned.has(this.name) && code === 'member-banned');
    this.#world.verdict.expect(isDue, 8, `${this.name} is refused for good: ${code}`);
    this.#end();
  }

  #write(bytes: Uint8Array): void {
    if (this.state === 'connected') this.#tunnel?.sendUp({ kind: 'event', bytes });
    else this.#unsent.push(bytes);
  }

  #loseConnection(): void {
    this.#tunnel?.break(false);
    this.#tunnel = undefined;
    this.#leaveRequest();
    this.#seat = '';
  }

  /** As socket.io-client's manager: 1 s, 2 s, 4 s, 5 s, each by half more or less. */
  #comeBack(): void {
    const { time, random } = this.#world.ground;
    const wasConnected = this.state === 'connected';
    this.#loseConnection();
    this.state = 'waiting';
    if (wasConnected) {
      this.#tell('lost its connection');
      time.cancel(this.#giveUp);
      this.#giveUp = time.after(timing.clientPatienceMs, undefined, () => this.restart());
    }
    const pauseMs = Math.min(backoffMaxMs, 1_000 * 2 ** this.#attempts++) * (0.5 + random.next());
    time.after(pauseMs, undefined, () => {
      if (this.state === 'waiting') this.#connect();
    });
  }

  #end(): void {
    // What it has just written still goes out.
    const tunnel = this.#tunnel;
    this.state = 'out';
    tunnel?.sendUp({ kind: 'close' });
    this.#tunnel = undefined;
    this.#seat = '';
    this.#world.ledger.gone(this.name);
  }

  #watchSilence(): void {
    this.#world.ground.time.after(silenceMaxMs / 3, undefined, () => {
      const isSilent = this.#nowMs - this.#heardMs >= silenceMaxMs;
      if (this.#tunnel !== undefined && isSilent && this.#isReading) this.#comeBack();
      if (this.state !== 'out') this.#watchSilence();
    });
  }

  get #nowMs(): number {
    return this.#world.ground.time.nowMs;
  }

  #tell(what: string): void {
    this.#world.ground.tell(this.name, what);
  }
}
