/**
 * Members, judged: each stays the peer that it was first introduced as, none is taken for gone, and after every fault each
 * of the touched sessions hears something new in time. Also measures how long each heard nothing.
 */
import type { Findings } from './findings.ts';
import { pick } from './history.ts';
import type { HistoryRecord, RecordOf } from './history.ts';

export function checkPeers(records: readonly HistoryRecord[], findings: Findings): void {
  const peerOf = new Map<string, string>();
  for (const { key, member, peer, at } of pick(records, 'introduced')) {
    expectSame({ names: peerOf, name: `${key}/${member}`, peer, at }, findings);
  }
  for (const { key, name, peer, at } of pick(records, 'met')) {
    expectSame({ names: peerOf, name: `${key}/${name}`, peer, at }, findings);
  }
  const leavers = new Set(pick(records, 'left').map(({ key, member }) => `${key}/${member}`));
  for (const { key, member, name, at } of pick(records, 'missed')) {
    if (!leavers.has(`${key}/${name}`))
      findings.add('peers-changed', `${member} was told that ${name} left`, at);
  }
}

interface Sighting {
  readonly names: Map<string, string>;
  readonly name: string;
  readonly peer: string;
  readonly at: number;
}

function expectSame({ names, name, peer, at }: Sighting, findings: Findings): void {
  const known = names.get(name);
  if (known === undefined) names.set(name, peer);
  else if (known !== peer) findings.add('peers-changed', `${name} was ${known} and is ${peer}`, at);
}

/** A message of somebody, heard by a member: when it was sent, and when it came. */
interface Hearing {
  readonly sentAt: number;
  readonly at: number;
}

export function checkReturns(records: readonly HistoryRecord[], findings: Findings): void {
  const returnMaxMs = pick(records, 'run')[0]?.returnMaxMs ?? 0;
  const hearings = gatherHearings(records);
  const leftAt = new Map(pick(records, 'left').map(({ key, member, at }) => [`${key}/${member}`, at]));
  const settledAt = new Map(pick(records, 'settled').map(({ round, at }) => [round, at]));
  const entered = Map.groupBy(pick(records, 'entered'), ({ key }) => key);
  for (const fault of pick(records, 'fault')) {
    const endsAt = settledAt.get(fault.round) ?? fault.at + returnMaxMs;
    for (const { member, key, at, wire } of fault.keys.flatMap((key) => entered.get(key) ?? [])) {
      const name = `${key}/${member}`;
      if (at > fault.at || (leftAt.get(name) ?? Infinity) <= endsAt) continue;
      judgeReturn({ fault, name, wire, endsAt, returnMaxMs }, hearings.get(name) ?? [], findings);
    }
  }
}

interface Return {
  readonly fault: RecordOf<'fault'>;
  readonly name: string;
  readonly wire: string;
  readonly endsAt: number;
  readonly returnMaxMs: number;
}

function judgeReturn(
  { fault, name, wire, endsAt, returnMaxMs }: Return,
  hearings: readonly Hearing[],
  findings: Findings,
): void {
  const back = hearings.find(({ sentAt, at }) => sentAt > fault.at && at > fault.at);
  if (back === undefined || back.at > fault.at + returnMaxMs) {
    const when =
      back === undefined ? 'nothing new' : `something new only after ${Math.round(back.at - fault.at)} ms`;
    findings.add('members-lost', `after ${fault.fault} ${fault.round} ${name} heard ${when}`, fault.at);
    return;
  }
  findings.sample(`${fault.fault} return ${wire}`, back.at - fault.at);
  const around = hearings.filter(({ at }) => at >= fault.at && at <= endsAt).map(({ at }) => at);
  const before = hearings.findLast(({ at }) => at < fault.at)?.at ?? fault.at;
  findings.sample(`${fault.fault} pause ${wire}`, longestGap([before, ...around]));
}

function longestGap(times: readonly number[]): number {
  return times.reduce((longest, time, i) => (i === 0 ? 0 : Math.max(longest, time - times[i - 1]!)), 0);
}

function gatherHearings(records: readonly HistoryRecord[]): Map<string, Hearing[]> {
  const saidAt = new Map<string, number>();
  for (const { key, envelope, at } of pick(records, 'said')) saidAt.set(`${key}/${envelope}`, at);
  for (const { key, edit, at } of pick(records, 'wrote')) saidAt.set(`${key}/${edit}`, at);
  const hearings = new Map<string, Hearing[]>();
  for (const record of pick(records, 'heard', 'read')) {
    const name = `${record.key}/${record.member}`;
    const last = record.kind === 'heard' ? record.envelope : record.edits.at(-1);
    const sentAt = saidAt.get(`${record.key}/${last}`);
    if (sentAt === undefined) continue;
    let list = hearings.get(name);
    if (list === undefined) hearings.set(name, (list = []));
    list.push({ sentAt, at: record.at });
  }
  return hearings;
}
