/**
 * Relayed envelopes and requests, judged: nobody hears one twice or in another order than it was said in, and each request
 * has one answer. Where the run keeps envelopes, members on a WebSocket hear all that was said while they were there.
 */
import type { Findings } from './findings.ts';
import { pick } from './history.ts';
import type { HistoryRecord, RecordOf } from './history.ts';

export function checkEnvelopes(records: readonly HistoryRecord[], findings: Findings): void {
  const speakers = new Map<string, Speaker>();
  for (const { member, key, envelope, at } of pick(records, 'said')) {
    const name = `${key}/${member}`;
    let speaker = speakers.get(name);
    if (speaker === undefined) {
      speaker = { member, key, said: [], places: new Map() };
      speakers.set(name, speaker);
    }
    speaker.places.set(envelope, speaker.said.length);
    speaker.said.push({ envelope, at });
  }
  const speakerOf = new Map<string, Speaker>();
  for (const { member, key, peer } of pick(records, 'introduced')) {
    const speaker = speakers.get(`${key}/${member}`);
    if (speaker !== undefined) speakerOf.set(`${key}/${peer}`, speaker);
  }
  const hearings = Map.groupBy(pick(records, 'heard'), ({ key, member, peer }) => `${key}/${member}/${peer}`);
  for (const heard of hearings.values()) {
    findings.count('envelopes heard', heard.length);
    checkOrder(heard, speakerOf.get(`${heard[0]!.key}/${heard[0]!.peer}`), findings);
  }
  if (pick(records, 'run').some((run) => run.keepsEnvelopes))
    checkComplete(records, [...speakers.values()], findings);
}

interface Speaker {
  readonly member: string;
  readonly key: string;
  readonly said: { readonly envelope: string; readonly at: number }[];
  readonly places: Map<string, number>;
}

function checkOrder(
  heard: readonly RecordOf<'heard'>[],
  speaker: Speaker | undefined,
  findings: Findings,
): void {
  const known = new Set<string>();
  let last = -1;
  for (const { envelope, member, at } of heard) {
    const who = `${member} heard ${envelope} of ${speaker?.member ?? 'a stranger'}`;
    if (known.has(envelope)) findings.add('envelopes-doubled', `${who} twice`, at);
    known.add(envelope);
    const place = speaker?.places.get(envelope) ?? -1;
    if (place < last) findings.add('envelopes-out-of-order', who, at);
    last = Math.max(last, place);
  }
}

/** What was said between a member's first hearing of the speaker and the end of the run, it has heard. */
function checkComplete(
  records: readonly HistoryRecord[],
  speakers: readonly Speaker[],
  findings: Findings,
): void {
  const heardBy = new Map<string, Set<string>>();
  for (const { key, member, envelope } of pick(records, 'heard')) {
    const name = `${key}/${member}`;
    let heard = heardBy.get(name);
    if (heard === undefined) heardBy.set(name, (heard = new Set()));
    heard.add(envelope);
  }
  const polls = new Set(
    pick(records, 'entered')
      .filter(({ wire }) => wire === 'polling')
      .map(({ member, key }) => `${key}/${member}`),
  );
  const listeners = pick(records, 'entered').filter(({ wire }) => wire !== 'y');
  for (const { member, key } of listeners) {
    const heard = heardBy.get(`${key}/${member}`) ?? new Set();
    for (const speaker of speakers) {
      if (speaker.key !== key || speaker.member === member) continue;
      const first = speaker.said.findIndex(({ envelope }) => heard.has(envelope));
      const due = speaker.said.slice(Math.max(0, first));
      const lost = due.filter(({ envelope }) => !heard.has(envelope));
      const isPolling = polls.has(`${key}/${member}`) || polls.has(`${key}/${speaker.member}`);
      for (const { envelope, at } of lost) {
        // What a client that only polls sends just then may be lost with its poll, which is known and said.
        if (isPolling) findings.count('envelopes of or to polling members lost', 1);
        else findings.add('envelopes-lost', `${member} never heard ${envelope} of ${speaker.member}`, at);
      }
      findings.count(isPolling ? 'deliveries due by polling' : 'deliveries due', due.length);
    }
  }
}

export function checkRequests(records: readonly HistoryRecord[], findings: Findings): void {
  const keepsEnvelopes = pick(records, 'run').some((run) => run.keepsEnvelopes);
  const answers = Map.groupBy(pick(records, 'answered'), nameOf);
  for (const asked of pick(records, 'asked')) {
    const given = answers.get(nameOf(asked)) ?? [];
    const what = `${asked.member} asked ${asked.request}`;
    findings.count('requests', 1);
    // Over a crash what was answered in the last moments may be failed as well: clients let go with the first answer.
    const counted = keepsEnvelopes ? given : given.filter(({ isError }, index) => index === 0 || !isError);
    if (counted.length > 1) findings.add('requests-answered-twice', what, counted[1]!.at);
    findings.count('answered requests failed afterwards', given.length - counted.length);
    if (given.some(({ isError }) => isError)) {
      findings.count('requests answered by an error', 1);
      if (keepsEnvelopes) findings.add('requests-failed', what, asked.at);
    }
    if (given.length === 0) {
      findings.count('requests without an answer', 1);
      if (keepsEnvelopes) findings.add('requests-unanswered', what, asked.at);
    }
  }
}

function nameOf({ key, member, request }: { key: string; member: string; request: string }): string {
  return `${key}/${member}/${request}`;
}
