/** What happened last in the pool: sessions, members and edges that came and went, read anew when the number of sessions changes. */
import type { JSX } from 'preact';
import { ActivityTable } from './activity-table.tsx';
import { useAgainWith, useAsked } from './asked.ts';
import { look } from './operations.ts';

const shown = 12;

export function RecentActivity({ sessions }: { sessions: number }): JSX.Element {
  const { answer, fault, again } = useAsked(
    'recent',
    async () => await look<'activity'>('activity', { limit: shown }),
  );
  useAgainWith(sessions, again);
  return (
    <section class="panel" aria-labelledby="recent-title">
      <h2 id="recent-title">Recent activity</h2>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer?.entries.length === 0 ? <p>Nothing has happened yet.</p> : null}
      {answer === undefined || answer.entries.length === 0 ? null : (
        <ActivityTable entries={answer.entries} name="recent activity" />
      )}
      <p>
        <a href="#/activity">All activity</a>
      </p>
    </section>
  );
}
