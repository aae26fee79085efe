/**
 * The verdict on one case of HTTP/2: nobody waits for ever, nothing inside the front door failed, and what a client is answered
 * is the answer to itself. Whether one request is one request at the edge is for the backend and the referees.
 */
import type { FrameView } from './frame-client.ts';
import type { HttpCase } from './http-case.ts';
import { quote } from './judge.ts';
import type { Finding, Judgement } from './judge.ts';
import type { Sighting } from './sightings.ts';

export function judgeFrames(item: HttpCase, forwarded: readonly Sighting[], view: FrameView): Judgement {
  const findings: Finding[] = [];
  const classes = [`connection ${view.end}`];
  if (view.goaway !== undefined) classes.push(`goaway ${view.goaway}`);
  if (view.end === 'hang') findings.push({ class: 'hang', text: 'no answer to PING and no end' });
  if (view.end === 'refused') findings.push({ class: 'crash', text: 'the front door does not listen' });
  for (const { status, body, isWhole } of view.answers) {
    classes.push(isWhole ? `answer ${status}` : `answer ${status}, then cut`);
    if (body.includes('"code":"internal"')) findings.push({ class: 'crash', text: 'answered `internal`' });
    const expected = Buffer.from(`${item.address} `);
    const isOwn = body.subarray(0, expected.length).equals(expected.subarray(0, body.length));
    if (status === 200 && !isOwn)
      findings.push({ class: 'answer-wrong', text: `answered with another client's: ${quote(body)}` });
  }
  classes.push(...forwarded.map(({ isWhole }) => (isWhole ? 'forwarded' : 'forwarded, then cut')));
  return { findings, classes };
}
