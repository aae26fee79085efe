/** The audit: who did what, page by page, with a filter and a file for spreadsheets. */
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from '../page-props.ts';
import { ActivityTable, toCsv } from '../activity-table.tsx';
import { matches } from '../activity-words.ts';
import type { Entry } from '../activity-words.ts';
import { useAgainWith, useAsked } from '../asked.ts';
import { look } from '../operations.ts';

const pageSize = 100;
/** The newest page is read anew as often as this: what somebody has just done is written after it was answered. */
const freshPauseMs = 5_000;

interface Wanted {
  readonly session: string;
  readonly day: string;
  /** The `next` of each page that was turned. */
  readonly before: readonly number[];
}

export function ActivityPage(props: PageProps): JSX.Element {
  // Its address may name a session: another one begins anew.
  return <Audit key={props.rest} {...props} />;
}

function Audit({ live, rest, tell }: PageProps): JSX.Element {
  const [wanted, setWanted] = useState<Wanted>({ session: rest, day: '', before: [] });
  const [filter, setFilter] = useState('');
  const { session, day, before } = wanted;
  const since = day === '' ? undefined : new Date(`${day}T00:00`).getTime();
  const { answer, fault, again } = useAsked(`${session} ${day} ${before.at(-1)}`, async () => {
    return await look<'audit'>('audit', { limit: pageSize, session, since, before: before.at(-1) });
  });
  useAgainWith(before.length === 0 ? live.picture : undefined, again, freshPauseMs);
  const entries = (answer?.entries ?? []).filter((entry) => matches(entry, filter));
  const next = answer?.next;
  return (
    <section class="panel" aria-label="Audit">
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        <label>
          Contains
          <input value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
        <label>
          Session key
          <input
            defaultValue={session}
            onChange={(event) =>
              setWanted({ ...wanted, session: event.currentTarget.value.trim(), before: [] })
            }
          />
        </label>
        <label>
          Since
          <input
            type="date"
            defaultValue={day}
            onChange={(event) => setWanted({ ...wanted, day: event.currentTarget.value, before: [] })}
          />
        </label>
        <button type="button" disabled={entries.length === 0} onClick={() => saveCsv(entries, tell)}>
          Save as CSV
        </button>
      </form>
      {fault === undefined ? null : (
        <p class="notice fault" role="alert">
          {fault}
        </p>
      )}
      {answer !== undefined && entries.length === 0 ? <p>No entry fits.</p> : null}
      {entries.length === 0 ? null : <ActivityTable entries={entries} name="entries" />}
      <nav class="pager" aria-label="Pages of the audit">
        <button
          type="button"
          class="small"
          disabled={before.length === 0}
          onClick={() => setWanted({ ...wanted, before: before.slice(0, -1) })}
        >
          Newer
        </button>
        <button
          type="button"
          class="small"
          disabled={next === undefined}
          onClick={() => setWanted({ ...wanted, before: [...before, next!] })}
        >
          Older
        </button>
      </nav>
    </section>
  );
}

function saveCsv(entries: readonly Entry[], tell: PageProps['tell']): void {
  const url = URL.createObjectURL(new Blob([toCsv(entries)], { type: 'text/csv;charset=utf-8' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = 'activity.csv';
  anchor.click();
  URL.revokeObjectURL(url);
  tell(`${entries.length} entries saved.`);
}
