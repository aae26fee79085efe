/**
 * The verdict on one case: what the front door forwarded and answered against a strict reading of what it
 * got. Pure; a finding is a sentence for a person, under the class that it counts in.
 */
import { readAnswer } from './answer-reader.ts';
import type { ReadAnswer } from './answer-reader.ts';
import type { HttpCase } from './http-case.ts';
import { valuesOf } from './message-reader.ts';
import type { ClientView } from './raw-client.ts';
import { standardBody } from './recording-backend.ts';
import type { ReadRequest, StreamReading } from './request-reader.ts';
import type { Sighting } from './sightings.ts';

export type FindingClass = 'split-differently' | 'answer-wrong' | 'crash' | 'hang';

export interface Finding {
  readonly class: FindingClass;
  readonly text: string;
}

export interface Judgement {
  readonly findings: readonly Finding[];
  /** What happened, for the counts at the end. */
  readonly classes: readonly string[];
}

export function judgeCase(
  item: HttpCase,
  meant: StreamReading,
  forwarded: readonly Sighting[],
  view: ClientView,
): Judgement {
  const findings = judgeForwarded(item, meant, forwarded);
  const classes = [`connection ${view.end}`, `stream ${meant.tail.kind}`];
  if (view.end === 'hang')
    findings.push({ class: 'hang', text: `no answer and no end: ${quote(view.bytes)}` });
  if (view.end === 'refused') findings.push({ class: 'crash', text: 'the front door does not listen' });
  if (view.rest.kind === 'fault') {
    findings.push(wrong(`the client got no answer (${view.rest.reason}): ${quote(view.bytes)}`));
  }
  findings.push(...judgeOrder(item, meant, view));
  for (const answer of view.answers) {
    classes.push(`answer ${answer.status}`);
    if (isInternal(answer)) findings.push({ class: 'crash', text: 'answered `internal`' });
  }
  if (view.rest.kind === 'unfinished') classes.push('answer cut');
  if (item.answer !== undefined) {
    const verdict = judgeAnswers(item, view);
    findings.push(...verdict.findings);
    classes.push(...verdict.classes);
  }
  classes.push(...forwarded.map(({ isWhole }) => (isWhole ? 'forwarded' : 'forwarded, then cut')));
  return { findings, classes };
}

/** Each request is answered in its turn; behind the last one there may be refusals of what was no request. */
function judgeOrder(item: HttpCase, meant: StreamReading, view: ClientView): Finding[] {
  return view.answers.flatMap((answer, i) => {
    const request = meant.requests[i];
    if (
      isRefusal(answer) ||
      isBareRefusal(answer) ||
      request?.method === 'HEAD' ||
      (item.answer !== undefined && i === 0)
    )
      return [];
    const expected = request && standardBody(item.address, request.method, request.target);
    const isExpected = answer.status === 200 && answer.body.toString('latin1') === expected;
    if (isExpected) return [];
    return [
      wrong(`answer ${i} was ${answer.status} ${quote(answer.body)} and not ${expected ?? 'a refusal'}`),
    ];
  });
}

/** How often one request may come that no backend answered in a way to be passed on: two attempts, each begun anew where its connection was a kept one. */
const unansweredMax = 4;

/** Each request that was forwarded must be one that was sent, with the same body, and none of them twice. */
function judgeForwarded(item: HttpCase, meant: StreamReading, forwarded: readonly Sighting[]): Finding[] {
  const findings: Finding[] = [];
  const left = new Set(meant.requests);
  const unanswered = new Map<ReadRequest, number>();
  const opened = meant.tail.kind === 'nothing' ? undefined : meant.tail.opened;
  for (const sighting of forwarded) {
    const isUnanswered = !sighting.isServed || isAnsweredBadly(item, sighting);
    const isRepeated = sighting.isWhole && isUnanswered && mayRepeat(sighting);
    const candidates = isRepeated ? meant.requests : [...left];
    const found = candidates.find((request) => isSame(request, sighting));
    if (found !== undefined) {
      if (!isRepeated) left.delete(found);
      else unanswered.set(found, (unanswered.get(found) ?? 0) + 1);
    } else if (sighting.isWhole || opened === undefined || !isSame(opened, sighting)) {
      findings.push({
        class: 'split-differently',
        text: `forwarded and never sent: ${quote(sighting.bytes)}`,
      });
    }
  }
  for (const [{ method, target }, times] of unanswered) {
    if (times > unansweredMax)
      findings.push({ class: 'split-differently', text: `${method} ${target} was asked ${times} times` });
  }
  return findings;
}

/** A request that a closing backend did not take may go to another connection (RFC 9110 section 9.2.2). */
function mayRepeat({ method, body }: Sighting): boolean {
  return body.length === 0 && ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE'].includes(method);
}

/** Nothing that a client could be given: a front door may ask once more, for the client has not seen a byte (RFC 9110 section 9.2.2). */
function isAnsweredBadly({ answer }: HttpCase, { target }: Sighting): boolean {
  if (target !== '/answer' || answer === undefined) return false;
  return readAnswer(Buffer.concat([...answer.writes]), 0, answer.method, answer.closes).kind !== 'answer';
}

function isSame(request: ReadRequest, sighting: Sighting): boolean {
  if (request.method !== sighting.method || request.target !== sighting.target) return false;
  if (sighting.isWhole) return request.body.equals(sighting.body);
  return startsWith(request.body, sighting.body);
}

/** The client must get the backend's answer byte for byte, or see clearly that it did not. */
function judgeAnswers(item: HttpCase, view: ClientView): Judgement {
  const { method, writes, closes } = item.answer!;
  const said = readAnswer(Buffer.concat([...writes]), 0, method, closes);
  const [first] = view.answers;
  const findings: Finding[] = [];
  const classes = [`backend ${said.kind}`];
  if (first === undefined) {
    const whole = said.kind === 'answer' ? said.answer : said.opened;
    const part = view.rest.kind === 'unfinished' ? view.rest.opened : undefined;
    if (
      part !== undefined &&
      part.body.length > 0 &&
      said.kind !== 'fault' &&
      !startsWith(whole?.body, part.body)
    )
      findings.push(wrong(`the part of an answer that came was not the backend's: ${quote(part.body)}`));
    return { findings, classes: [...classes, 'first answer cut'] };
  }
  if (said.kind === 'answer' && said.answer.status === first.status && said.answer.body.equals(first.body)) {
    classes.push('first answer the same');
  } else if (isRefusal(first) && first.status >= 500) {
    classes.push('first answer refused');
  } else if (said.kind === 'fault') {
    classes.push(`first answer relayed in spite of its ${said.reason}`);
  } else {
    findings.push(wrong(`the backend's answer (${said.kind}) came as ${first.status} ${quote(first.body)}`));
  }
  return { findings, classes };
}

/** An answer that the front door gave by itself; backends of the fuzzer never answer JSON. */
function isRefusal({ status, head }: ReadAnswer): boolean {
  return status >= 400 && (valuesOf(head, 'content-type')[0] ?? '').startsWith('application/json');
}

/** So a server answers that gives up before it has a request to speak of. */
function isBareRefusal({ status, body }: ReadAnswer): boolean {
  return status >= 400 && body.length === 0;
}

function isInternal(answer: ReadAnswer): boolean {
  return isRefusal(answer) && answer.body.includes('"code":"internal"');
}

function startsWith(whole: Buffer | undefined, part: Buffer): boolean {
  return whole !== undefined && whole.subarray(0, part.length).equals(part);
}

function wrong(text: string): Finding {
  return { class: 'answer-wrong', text };
}

const quotedMaxBytes = 1_500;

export function quote(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1', 0, quotedMaxBytes));
}
