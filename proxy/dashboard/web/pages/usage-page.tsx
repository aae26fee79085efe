/** How much the pool was used over days: sessions, connections, clients and downloads, as pictures and as a table. */
import { useMemo, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { useAsked } from '../asked.ts';
import { BarList } from '../bar-list.tsx';
import { Chart } from '../chart.tsx';
import { DataTable } from '../data-table.tsx';
import { describeDuration } from '../duration.ts';
import { look } from '../operations.ts';
import type { Answer } from '../operations.ts';
import { Card } from './overview-page.tsx';

const spans = [7, 30, 90, 365];
const columns = [
  'Day',
  ['Sessions', 'number'],
  ['Peak connections', 'number'],
  ['Average session', 'number'],
  ['Average lag', 'number'],
  ['Downloads', 'number'],
] as const;

export function UsagePage(): JSX.Element {
  const [days, setDays] = useState(30);
  const summary = useAsked(`history ${days}`, async () => await look<'history'>('history', { days }));
  const byDay = useAsked(`days ${days}`, async () => await look<'historyDays'>('history/days', { days }));
  const clients = useAsked(`clients ${days}`, async () => {
    return await look<'historyClients'>('history/clients', { days });
  });
  const downloads = useAsked(`downloads ${days}`, async () => {
    return await look<'historyDownloads'>('history/downloads', { days });
  });
  const fault = summary.fault ?? byDay.fault ?? clients.fault ?? downloads.fault;
  return (
    <>
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        <label>
          Period
          <select value={days} onChange={(event) => setDays(Number(event.currentTarget.value))}>
            {spans.map((span) => (
              <option key={span} value={span}>
                {span} days
              </option>
            ))}
          </select>
        </label>
      </form>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {summary.answer === undefined ? null : <Summary summary={summary.answer} />}
      {byDay.answer === undefined ? null : <DayGraphs days={byDay.answer.days} />}
      {clients.answer === undefined ? null : (
        <section class="graphs" aria-label="Clients">
          <BarList title="Session hosts by client" items={namesOf(clients.answer.hosts)} />
          <BarList title="Session guests by client" items={namesOf(clients.answer.guests)} />
          <BarList title="Client downloads" items={namesOf(downloads.answer?.total ?? [])} />
        </section>
      )}
      {byDay.answer === undefined ? null : <DayTable days={byDay.answer.days} />}
    </>
  );
}

function Summary({ summary }: { summary: Answer<'history'> }): JSX.Element {
  const { uniqueUsers, sessions, length, participants, downloads, days, timeZone } = summary;
  return (
    <section class="cards" aria-label={`The last ${days} days`}>
      <Card name="Unique users" value={String(uniqueUsers)} note={`by name (days of ${timeZone})`} />
      <Card name="Sessions" value={String(sessions)} />
      <Card
        name="Average session"
        value={describeDuration(length.averageSeconds)}
        note={`${participants.average.toFixed(1)} participants`}
      />
      <Card
        name="Longest session"
        value={describeDuration(length.maximumSeconds)}
        note={`at most ${participants.maximum} participants`}
      />
      <Card name="Client downloads" value={String(downloads)} />
    </section>
  );
}

type Day = Answer<'historyDays'>['days'][number];

function DayGraphs({ days }: { days: readonly Day[] }): JSX.Element {
  const { times, sessions, peaks, downloads } = useMemo(
    () => ({
      times: days.map(({ day }) => Date.parse(`${day}T00:00`) / 1_000),
      sessions: [{ name: 'sessions', values: days.map((day) => day.sessions) }],
      peaks: [{ name: 'connections', values: days.map((day) => day.peakConnections) }],
      downloads: [{ name: 'downloads', values: days.map((day) => day.downloads) }],
    }),
    [days],
  );
  return (
    <section class="graphs" aria-label="By day">
      <Chart title="Sessions per day" times={times} series={sessions} kind="bars" />
      <Chart title="Peak session connections per day" times={times} series={peaks} kind="bars" />
      <Chart title="Client downloads per day" times={times} series={downloads} kind="bars" />
    </section>
  );
}

function DayTable({ days }: { days: readonly Day[] }): JSX.Element {
  return (
    <details class="panel">
      <summary>Days as a table</summary>
      <DataTable label="Table of days" columns={columns}>
        <tbody>
          {days.toReversed().map((day) => (
            <tr key={day.day}>
              <th scope="row">{day.day}</th>
              <td class="number">{day.sessions}</td>
              <td class="number">{day.peakConnections}</td>
              <td class="number">{describeDuration(day.length.averageSeconds)}</td>
              <td class="number">{day.averageLagMs.toFixed(1)} ms</td>
              <td class="number">{day.downloads}</td>
            </tr>
          ))}
        </tbody>
      </DataTable>
    </details>
  );
}

function namesOf(
  counts: readonly { readonly client: string; readonly version: string; readonly count: number }[],
): { name: string; count: number }[] {
  return counts.map(({ client, version, count }) => ({
    name: `${client || 'Unidentified'} ${version}`.trim(),
    count,
  }));
}
