/**
 * Documents, judged: an edit is acknowledged once a member other than its author has read it, for an edge passes on only
 * what is committed. Whoever comes later finds every acknowledged edit, each once, and nothing that nobody wrote.
 */
import type { Findings } from './findings.ts';
import { pick } from './history.ts';
import type { HistoryRecord } from './history.ts';

export function checkDocuments(records: readonly HistoryRecord[], findings: Findings): void {
  const documents = new Map<string, Edits>();
  const of = ({ key, document }: { key: string; document: string }): Edits => {
    const name = `${key}/${document}`;
    let edits = documents.get(name);
    if (edits === undefined)
      documents.set(name, (edits = { name, writtenAt: new Map(), ackedAt: new Map(), read: new Map() }));
    return edits;
  };
  // Written first: a reader's line may come before the author's by the same millisecond.
  for (const record of pick(records, 'wrote')) of(record).writtenAt.set(record.edit, record.at);
  for (const record of pick(records, 'read')) takeReading(of(record), record, findings);
  for (const record of pick(records, 'found')) takeFinding(of(record), record, findings);
}

interface Edits {
  readonly name: string;
  readonly writtenAt: Map<string, number>;
  readonly ackedAt: Map<string, number>;
  readonly read: Map<string, Set<string>>;
}

function takeReading(
  { name, writtenAt, ackedAt, read }: Edits,
  { member, edits, at }: { member: string; edits: readonly string[]; at: number },
  findings: Findings,
): void {
  let known = read.get(member);
  if (known === undefined) read.set(member, (known = new Set()));
  for (const edit of edits) {
    if (known.has(edit)) findings.add('edits-doubled', `${member} read ${edit} of ${name} twice`, at);
    known.add(edit);
    if (!writtenAt.has(edit)) findings.add('edits-invented', `${member} read ${edit} of ${name}`, at);
    if (!ackedAt.has(edit)) ackedAt.set(edit, at);
  }
  findings.count('edits read', edits.length);
}

function takeFinding(
  { name, writtenAt, ackedAt }: Edits,
  {
    edits,
    at,
    askedAt,
    isWhole,
  }: { edits: readonly string[]; at: number; askedAt: number; isWhole: boolean },
  findings: Findings,
): void {
  const found = new Set(edits);
  if (found.size < edits.length) {
    const twice = edits.find((edit, i) => edits.indexOf(edit) !== i);
    findings.add('edits-doubled', `${twice} stands in ${name} more than once`, at);
  }
  for (const edit of found)
    if (!writtenAt.has(edit)) findings.add('edits-invented', `${edit} stands in ${name}`, at);
  for (const [edit, ackedAtMs] of ackedAt) {
    if (ackedAtMs <= askedAt && !found.has(edit))
      findings.add('edits-lost', `${edit} of ${name} was acknowledged`, at);
  }
  if (isWhole) {
    for (const [edit, writtenAtMs] of writtenAt) {
      if (writtenAtMs <= askedAt && !ackedAt.has(edit) && !found.has(edit)) {
        findings.add('edits-lost', `${edit} of ${name}, whose author was there to the end`, at);
      }
    }
  }
  findings.count('edits written', writtenAt.size);
  findings.count('documents read anew', 1);
}
