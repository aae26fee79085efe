/** Entries of the audit as rows, and as a file for spreadsheets: who did what, to what, when. */
import type { JSX } from 'preact';
import { aboutOf, describeEvent, detailOf, whereOf, whoOf } from './activity-words.ts';
import type { Entry } from './activity-words.ts';
import { DataTable } from './data-table.tsx';

const columns = ['Time', 'What', 'Who', 'About', 'Where', 'Detail'] as const;

export function ActivityTable({ entries, name }: { entries: readonly Entry[]; name: string }): JSX.Element {
  return (
    <DataTable label={`Table of ${name}`} columns={columns}>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td class="time">
              {new Date(entry.atMs).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' })}
            </td>
            <td title={entry.event}>{describeEvent(entry)}</td>
            <td title={entry.user}>{whoOf(entry) || '–'}</td>
            <td class="wrap">
              {aboutOf(entry) === entry.key ? <SessionHash hash={entry.key} /> : aboutOf(entry)}
            </td>
            <td>{whereOf(entry)}</td>
            <td class="wrap">{detailOf(entry) || entry.client}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

function SessionHash({ hash }: { hash: string }): JSX.Element {
  return hash === '' ? <>–</> : <code title="Session, by the hash that logs have of its key">{hash}</code>;
}

const head = [
  'time',
  'event',
  'what',
  'who',
  'user_id',
  'about',
  'session',
  'where',
  'client',
  'detail',
] as const;

/** As RFC 4180 has it; what a spreadsheet could take for a formula is shown as text. */
export function toCsv(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => [
    new Date(entry.atMs).toISOString(),
    entry.event,
    describeEvent(entry),
    whoOf(entry),
    entry.user,
    aboutOf(entry) === entry.key ? '' : aboutOf(entry),
    entry.key,
    whereOf(entry),
    entry.client,
    detailOf(entry),
  ]);
  return [head, ...rows].map((row) => row.map(quote).join(',')).join('\r\n') + '\r\n';
}

function quote(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
