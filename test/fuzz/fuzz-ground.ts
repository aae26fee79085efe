/**
 * Everything that a run needs, started and stopped as one: recording backends, the front door before them,
 * and the referees. Plays one case at a time and as many cases at once as it is asked to.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../support/certificate.ts';
import { startFuzzedDoor } from './fuzzed-door.ts';
import type { FuzzedDoor } from './fuzzed-door.ts';
import { playFrames } from './frame-client.ts';
import type { FrameView } from './frame-client.ts';
import { judgeFrames } from './frame-judge.ts';
import type { HttpCase } from './http-case.ts';
import { judgeCase } from './judge.ts';
import type { Finding, Judgement } from './judge.ts';
import { startNodeReferee } from './node-referee.ts';
import { startProxyReferees } from './proxy-referees.ts';
import { playCase } from './raw-client.ts';
import type { ClientView } from './raw-client.ts';
import { RecordingBackend } from './recording-backend.ts';
import { askReferee } from './referee.ts';
import type { Referee } from './referee.ts';
import { readRequests } from './request-reader.ts';
import type { StreamReading } from './request-reader.ts';
import { Sightings } from './sightings.ts';

export const refereeNames = ['node', 'nginx', 'haproxy'] as const;

export interface PlayedCase {
  readonly item: HttpCase;
  readonly seen: Seen;
  /** Its client was still owed something when it ended. */
  readonly isOwed: boolean;
}

type Seen =
  | { readonly protocol: 'http'; readonly meant: StreamReading; readonly view: ClientView }
  | { readonly protocol: 'http2'; readonly view: FrameView };

interface Parts {
  readonly door: FuzzedDoor;
  readonly referees: readonly Referee[];
  readonly backends: readonly RecordingBackend[];
  readonly sightings: Sightings;
  readonly answering: Map<string, HttpCase>;
}

/** The folder takes data of the front door and configurations of referees. */
export async function prepareGround(
  folder: string,
  referees: readonly string[],
  certificate?: Certificate,
): Promise<FuzzGround> {
  const sightings = new Sightings();
  const answering = new Map<string, HttpCase>();
  const backends = ['a', 'b'].map(
    () =>
      new RecordingBackend(sightings, (address, { target }) =>
        target === '/answer' ? answering.get(address)?.answer : undefined,
      ),
  );
  for (const backend of backends) await backend.start();
  const dataFolder = join(folder, 'data');
  mkdirSync(dataFolder);
  const running = await startProxyReferees(referees, folder);
  if (referees.includes('node')) running.push(await startNodeReferee());
  const tls = certificate && { CT_TLS_CERT: certificate.certPath, CT_TLS_KEY: certificate.keyPath };
  const door = await startFuzzedDoor(backends, dataFolder, tls);
  return new FuzzGround({ door, referees: running, backends, sightings, answering });
}

export class FuzzGround {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  get crash(): string | undefined {
    return this.#parts.door.crash;
  }

  /** `onHeard` is called when the front door has said something, or is done with the case. */
  async play(item: HttpCase, onHeard: () => void): Promise<PlayedCase> {
    const { door, answering } = this.#parts;
    if (item.protocol === 'http2') {
      const view = await playFrames(door.httpsPort, item);
      return { item, seen: { protocol: 'http2', view }, isOwed: view.end !== 'left' };
    }
    const meant = readRequests(Buffer.concat([...item.writes]));
    if (item.answer !== undefined) answering.set(item.address, item);
    const view = await playCase(door.port, item, meant, onHeard);
    const isOwed = view.end !== 'left' && view.answers.length < meant.requests.length;
    return { item, seen: { protocol: 'http', meant, view }, isOwed };
  }

  /** Call when the cases are played: only then is everything seen that was forwarded. */
  async settled(): Promise<void> {
    await this.#parts.door.settled();
  }

  async judge({ item, seen }: PlayedCase): Promise<Judgement> {
    const { referees, sightings, answering } = this.#parts;
    const forwarded = sightings.of(item.address);
    sightings.forget(item.address);
    answering.delete(item.address);
    const judgement =
      seen.protocol === 'http2'
        ? judgeFrames(item, forwarded, seen.view)
        : judgeCase(item, seen.meant, forwarded, seen.view);
    const whole = forwarded.filter(({ isWhole, isServed }) => isWhole && isServed);
    if (whole.length === 0) return judgement;
    const findings = [...judgement.findings];
    const classes = [...judgement.classes];
    const ask = async (referee: Referee): Promise<void> => {
      const verdict = await askReferee(referee, item.address, whole);
      classes.push(`referee ${referee.name} ${verdict.kind}`);
      if (verdict.kind !== 'split-differently') return;
      const bytes = JSON.stringify(whole.map((sighting) => sighting.bytes.toString('latin1')));
      findings.push({ class: 'split-differently', text: `${referee.name} ${verdict.text}; it got ${bytes}` });
    };
    await Promise.all(referees.map(ask));
    return { findings, classes };
  }

  /** Faults that belong to no case, since the last call. */
  takeStrays(): Finding[] {
    const { referees, sightings } = this.#parts;
    const sources = [
      { name: 'the front door', list: sightings.strays },
      ...referees.map((referee) => ({ name: `referee ${referee.name}`, list: referee.sightings.strays })),
    ];
    return sources.flatMap(({ name, list }) =>
      list.splice(0).map((text) => ({ class: 'split-differently' as const, text: `${name} sent ${text}` })),
    );
  }

  /** Ends everything; says what was not clean about the front door's life. */
  async stop(): Promise<string | undefined> {
    const { door, referees, backends } = this.#parts;
    const complaint = await door.end();
    await Promise.all([...referees, ...backends].map(async (part) => await part.stop()));
    return complaint;
  }
}
