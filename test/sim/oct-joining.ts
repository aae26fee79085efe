/** How a client of the Open Collaboration Protocol comes by its token: a host creates the session, a guest asks. */
import type { ClientWorld, Company } from './client-world.ts';
import { loginToken } from './stand-ins.ts';

interface JoiningOptions extends Pick<ClientWorld, 'ground' | 'verdict' | 'send'> {
  readonly company: Company;
  readonly name: string;
}

/** Undefined where the session has ended meanwhile. */
type TakeToken = (token: string | undefined) => void;

const requestMaxMs = 35_000;
/** Of a guest who waits to be let in. */
const patienceMs = 20_000;

export class OctJoining {
  readonly #options: JoiningOptions;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  create(onToken: TakeToken): void {
    const { company } = this.#options;
    const { key } = company;
    this.#post('/api/session/create', ['ctstickiness', key], (status, body) => {
      if (status === 200) return onToken((JSON.parse(body) as { roomToken: string }).roomToken);
      // Its answer was lost once: the session is there, without a host that could come.
      if (status === 409) company.key = `${key}x`;
      this.#later(() => this.create(onToken));
    });
  }

  ask(onToken: TakeToken): void {
    const { company } = this.#options;
    if (company.hasEnded) return onToken(undefined);
    this.#post(`/api/session/join/${company.key}`, [], (status, body) => {
      if (status !== 200) return this.#later(() => this.ask(onToken));
      const { pollToken } = JSON.parse(body) as { pollToken: string };
      this.#poll(pollToken, this.#nowMs, onToken);
    });
  }

  #poll(pollToken: string, sinceMs: number, onToken: TakeToken): void {
    const { company, verdict, name } = this.#options;
    // The host's answer may have been lost with its connection, which nobody can know: the person asks again.
    if (this.#nowMs - sinceMs > patienceMs) return this.ask(onToken);
    this.#post(`/api/session/poll/${pollToken}`, [], (status, body) => {
      if (status === 404 || status === 410) return this.#later(() => this.ask(onToken));
      if (status !== 200) return this.#later(() => this.#poll(pollToken, sinceMs, onToken));
      const { failure, roomToken } = JSON.parse(body) as { roomToken?: string; failure?: boolean };
      if (failure === true) return this.#later(() => this.ask(onToken));
      if (roomToken === undefined) return this.#poll(pollToken, sinceMs, onToken);
      verdict.expect(company.approved.has(name), 6, `${name} got a token and was not let in`);
      onToken(roomToken);
    });
  }

  #post(target: string, headers: readonly string[], onAnswer: (status: number, body: string) => void): void {
    const { ground, send, name } = this.#options;
    let isOver = false;
    const end = (status: number, body: string): void => {
      if (isOver) return;
      isOver = true;
      onAnswer(status, body);
    };
    const leave = send({
      client: name,
      method: 'POST',
      target,
      headers: ['cookie', `oct-jwt=${loginToken(name)}`, 'content-length', '0', ...headers],
      isUpgrade: false,
      seat: '',
      onDown: () => undefined,
      onTunnel: () => undefined,
      onAnswer: end,
      onFailed: () => end(0, ''),
    });
    ground.time.after(requestMaxMs, undefined, () => {
      if (isOver) return;
      leave();
      end(0, '');
    });
  }

  #later(run: () => void): void {
    const { time, random } = this.#options.ground;
    time.after(random.delay(300, 2_000), undefined, run);
  }

  get #nowMs(): number {
    return this.#options.ground.time.nowMs;
  }
}
