/**
 * The offline checker: reads a history and says what was broken, how often and how fast things went. It knows neither the
 * pool nor the driver, so it judges a run of yesterday as well, and a planted one.
 */
import { checkDocuments } from './check-documents.ts';
import { checkEnvelopes, checkRequests } from './check-envelopes.ts';
import { checkPeers, checkReturns } from './check-members.ts';
import { checkOwners } from './check-owners.ts';
import { Findings, breachKinds, quantile } from './findings.ts';
import { pick } from './history.ts';
import type { HistoryRecord } from './history.ts';

const shownMax = 20;

export function checkHistory(records: readonly HistoryRecord[]): Findings {
  const findings = new Findings();
  checkDocuments(records, findings);
  checkEnvelopes(records, findings);
  checkRequests(records, findings);
  checkPeers(records, findings);
  checkReturns(records, findings);
  checkOwners(records, findings);
  checkHeap(records, findings);
  for (const { fault } of pick(records, 'fault')) findings.count(`faults: ${fault}`, 1);
  samplePlacements(records, findings);
  return findings;
}

/** From the fault; and from the end of the killed process, which on a busy machine comes long after the signal. */
function samplePlacements(records: readonly HistoryRecord[], findings: Findings): void {
  const faultOf = new Map(pick(records, 'fault').map((fault) => [fault.round, fault]));
  const ends = pick(records, 'ended');
  for (const { round, afterMs } of pick(records, 'placed')) {
    const fault = faultOf.get(round);
    if (fault === undefined) continue;
    findings.sample(`${fault.fault} placement`, afterMs);
    const end = ends.find(({ edge, at }) => edge === fault.edge && at >= fault.at);
    if (fault.fault !== 'kill' || end === undefined) continue;
    findings.sample('kill placement since the end of the process', Math.max(0, fault.at + afterMs - end.at));
  }
}

/** Between the first look, after a warm-up, and the last one. */
function checkHeap(records: readonly HistoryRecord[], findings: Findings): void {
  const looks = pick(records, 'held');
  const [first, last] = [looks[0], looks.at(-1)];
  if (first === undefined || last === undefined || last === first) return;
  findings.figures.set('heap-growth-percent', (last.heapBytes / first.heapBytes - 1) * 100);
  findings.figures.set('heap-mib', last.heapBytes / 1_048_576);
  findings.count('visits between the looks', last.visits - first.visits);
}

export function formatFindings(findings: Findings): string {
  const lines = [...findings.counts].map(([what, count]) => `${String(count).padStart(9)}  ${what}`);
  for (const [what, samples] of findings.samples) {
    const [p50, p99, max] = [0.5, 0.99, 1].map((share) => Math.round(quantile(samples, share)!));
    lines.push(`${String(samples.length).padStart(9)}  ${what}: p50 ${p50} ms, p99 ${p99} ms, max ${max} ms`);
  }
  for (const [what, figure] of findings.figures) lines.push(`${figure.toFixed(2).padStart(9)}  ${what}`);
  const first = findings.breaches[0]?.at ?? 0;
  for (const kind of breachKinds) {
    const breaches = findings.breaches.filter((breach) => breach.kind === kind);
    if (breaches.length > 0) lines.push(`BROKEN ${kind}: ${breaches.length}`);
    for (const { text, at } of breaches.slice(0, shownMax)) {
      lines.push(`  ${new Date(at).toISOString()} (+${((at - first) / 1_000).toFixed(3)} s) ${text}`);
    }
  }
  return lines.join('\n');
}
