/** Entries of the audit as rows: who did what, to what, when. */
import type { JSX } from 'preact';
import { DataTable } from './data-table.tsx';
import type { Answer } from './operations.ts';

export type Entry = Answer<'audit'>['entries'][number];

const columns = ['Time', 'Event', 'User', 'About', 'Where', 'Detail'] as const;

export function ActivityTable({ entries, name }: { entries: readonly Entry[]; name: string }): JSX.Element {
  return (
    <DataTable label={`Table of ${name}`} columns={columns}>
      <tbody>
        {entries.map((entry) => (
          <tr key={entry.id}>
            <td class="time">
              {new Date(entry.atMs).toLocaleString([], { dateStyle: 'short', timeStyle: 'medium' })}
            </td>
            <td>{entry.event}</td>
            <td>{entry.user || '–'}</td>
            <td class="wrap">{entry.subject || entry.key || '–'}</td>
            <td>{entry.origin}</td>
            <td class="wrap">{entry.detail || entry.client}</td>
          </tr>
        ))}
      </tbody>
    </DataTable>
  );
}

/** As RFC 4180 has it; what a spreadsheet could take for a formula is shown as text. */
export function toCsv(entries: readonly Entry[]): string {
  const rows = entries.map((entry) => [
    new Date(entry.atMs).toISOString(),
    entry.event,
    entry.user,
    entry.subject,
    entry.key,
    entry.origin,
    entry.client,
    entry.detail,
  ]);
  const head = ['time', 'event', 'user', 'subject', 'session', 'origin', 'client', 'detail'];
  return [head, ...rows].map((row) => row.map(quote).join(',')).join('\r\n') + '\r\n';
}

function quote(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
