/**
 * Owners, judged: no two edges work for one key at the same time. Work is a commit, or an envelope passed on; its time is
 * known from both sides: not before it was sent, not after it was heard. Also holds what edges say of themselves.
 */
import type { Findings } from './findings.ts';
import { pick } from './history.ts';
import type { HistoryRecord } from './history.ts';

export function checkOwners(records: readonly HistoryRecord[], findings: Findings): void {
  const owners = gatherOwners(records, findings);
  for (const work of gatherWork(records).values()) checkWork(work, findings);
  checkCommitOrder(records, findings);
  checkSpans(records, owners, findings);
  for (const { key, directory, edge, at } of pick(records, 'located')) {
    findings.count('sessions looked for', 1);
    if (directory !== edge)
      findings.add('sessions-elsewhere', `${key} is at ${edge}, pinned to ${directory}`, at);
  }
}

interface Owner {
  readonly key: string;
  readonly edge: string;
}

/** An epoch is of one key and one edge for ever. */
function gatherOwners(records: readonly HistoryRecord[], findings: Findings): Map<number, Owner> {
  const owners = new Map<number, Owner>();
  for (const { epoch, key, edge, at } of pick(records, 'owned')) {
    const known = owners.get(epoch);
    if (known === undefined) owners.set(epoch, { key, edge });
    else if (known.key !== key || known.edge !== edge) {
      findings.add(
        'owners-overlapping',
        `epoch ${epoch} is of ${known.edge} for ${known.key}, and of ${edge} for ${key}`,
        at,
      );
    }
  }
  findings.count('epochs', owners.size);
  return owners;
}

interface Work {
  readonly epoch: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

function gatherWork(records: readonly HistoryRecord[]): Map<string, Work[]> {
  const saidAt = new Map<string, number>();
  for (const { key, envelope, at } of pick(records, 'said')) saidAt.set(`${key}/${envelope}`, at);
  const work = new Map<string, Work[]>();
  const note = (key: string, done: Work): void => {
    const known = work.get(key);
    if (known === undefined) work.set(key, [done]);
    else known.push(done);
  };
  for (const { key, epoch, at } of pick(records, 'committed'))
    note(key, { epoch, notBefore: at, notAfter: at });
  for (const { key, epoch, envelope, at } of pick(records, 'heard')) {
    note(key, { epoch, notBefore: saidAt.get(`${key}/${envelope}`) ?? -Infinity, notAfter: at });
  }
  return work;
}

/** Two owners overlap when one with a lower epoch surely worked after one with a higher epoch surely had. */
function checkWork(work: readonly Work[], findings: Findings): void {
  findings.count('pieces of work', work.length);
  const byEpoch = [...Map.groupBy(work, ({ epoch }) => epoch)].toSorted(([a], [b]) => b - a);
  let laterOwnersFrom = Infinity;
  let laterEpoch = 0;
  for (const [epoch, done] of byEpoch) {
    for (const { notBefore } of done) {
      if (notBefore <= laterOwnersFrom) continue;
      const text = `epoch ${epoch} worked ${Math.round(notBefore - laterOwnersFrom)} ms after epoch ${laterEpoch} had`;
      findings.add('owners-overlapping', text, notBefore);
    }
    const from = done.reduce((least, { notAfter }) => Math.min(least, notAfter), Infinity);
    if (from < laterOwnersFrom) [laterOwnersFrom, laterEpoch] = [from, epoch];
  }
}

/** The store numbers what it takes, so its order is exact where clocks are not. */
function checkCommitOrder(records: readonly HistoryRecord[], findings: Findings): void {
  const highest = new Map<string, number>();
  for (const { key, epoch, at } of pick(records, 'committed').toSorted((a, b) => a.order - b.order)) {
    const known = highest.get(key) ?? 0;
    if (epoch < known)
      findings.add('owners-overlapping', `the store took epoch ${epoch} of ${key} after ${known}`, at);
    highest.set(key, Math.max(known, epoch));
  }
}

interface Span {
  readonly edge: string;
  readonly epoch: number;
  readonly from: number;
  readonly to: number;
}

/** From an edge's own words: it ends with the session, with the process, or when the process was stopped or cut off for good. */
function checkSpans(
  records: readonly HistoryRecord[],
  owners: ReadonlyMap<number, Owner>,
  findings: Findings,
): void {
  const spans = Map.groupBy(gatherSpans(records), ({ epoch }) => owners.get(epoch)?.key);
  for (const [key, ofKey] of spans) {
    if (key === undefined) continue;
    const sorted = ofKey.toSorted((a, b) => a.epoch - b.epoch);
    sorted.forEach((span, i) => {
      const before = sorted.slice(0, i).find(({ to, edge }) => to > span.from && edge !== span.edge);
      if (before === undefined) return;
      const ms = Math.round(before.to - span.from);
      const text = `${span.edge} opened ${key} under ${span.epoch}, ${ms} ms before ${before.edge} ended ${before.epoch}`;
      findings.add('owners-overlapping', text, span.from);
    });
    findings.count('spans of ownership', sorted.length);
  }
}

function gatherSpans(records: readonly HistoryRecord[]): Span[] {
  const ends = pick(records, 'closed', 'halted');
  const stops = pick(records, 'fault').filter(({ fault }) => fault === 'kill' || fault === 'stop');
  return pick(records, 'opened').map(({ edge, process, epoch, at }) => {
    const end = ends.find(
      (end) => end.at >= at && end.process === process && (end.kind === 'halted' || end.epoch === epoch),
    );
    // A stopped process works for nobody. That it does nothing when it goes on, its work shows.
    const stop = stops.find(
      (stop) => stop.edge === edge && stop.at >= at && stop.at <= (end?.at ?? Infinity),
    );
    return { edge, epoch, from: at, to: Math.min(end?.at ?? Infinity, stop?.at ?? Infinity) };
  });
}
