/** The first page: what the pool does now, its edges, and what happened last. */
import { useMemo } from 'preact/hooks';
import type { JSX } from 'preact';
import { sampleIntervalMs } from '../../live/picture.ts';
import type { Picture, PoolFigures } from '../../live/picture.ts';
import type { PageProps } from '../page-props.ts';
import { longPauseMs, useAgainWith, useAsked } from '../asked.ts';
import { Chart } from '../chart.tsx';
import { EdgesTable } from '../edges-table.tsx';
import type { LiveView } from '../live-link.ts';
import { look } from '../operations.ts';
import { RecentActivity } from '../recent-activity.tsx';
import { VersionsPanel } from '../versions-panel.tsx';

export function OverviewPage(props: PageProps): JSX.Element {
  const { live } = props;
  const { picture } = live;
  const month = useAsked('month', async () => await look<'history'>('history', { days: 30 }));
  useAgainWith(picture?.pool.users, month.again, longPauseMs);
  if (picture === undefined) return <p>Waiting for the first figures…</p>;
  const { users, sessions, lagMs, ready, edges } = picture.pool;
  return (
    <>
      <section class="cards" aria-label="Now">
        <Card name="Users online now" value={String(users)} />
        <Card
          name="Unique users"
          value={String(month.answer?.uniqueUsers ?? '–')}
          note="in 30 days, by name"
        />
        <Card name="Active sessions" value={String(sessions)} />
        <ConnectionsCard pool={picture.pool} />
        <Card name="Average server lag" value={`${lagMs} ms`} />
        <Card name="Edges ready" value={`${ready} of ${edges}`} isWarning={ready < edges} />
      </section>
      <LiveGraphs live={live} />
      <EdgesTable {...props} picture={picture} />
      <VersionsPanel running={runningOf(picture)} />
      <RecentActivity sessions={sessions} />
    </>
  );
}

/** Which member runs which version. */
function runningOf({ edges, doors }: Picture): string {
  const ofEdges = Object.entries(edges).map(([id, { version }]) => `${id} ${version}`);
  const ofDoors = Object.entries(doors).map(([name, version]) => `${name} ${version}`);
  return [...ofDoors, ...ofEdges].join('\n');
}

/** Of how many the licence allows, where there is one. */
function ConnectionsCard({ pool }: { pool: PoolFigures }): JSX.Element {
  const { connections, connectionsMax, licence, licenceDaysLeft } = pool;
  const name = 'Session connections';
  if (licence === 'none') return <Card name={name} value={String(connections)} />;
  const notes = {
    valid: `licence for ${licenceDaysLeft} more days`,
    'nearly full': `${connections < connectionsMax ? 'nearly full' : 'full'}, licence for ${licenceDaysLeft} more days`,
    expired: 'licence expired',
  };
  const value = `${connections} of ${connectionsMax}`;
  return <Card name={name} value={value} note={notes[licence]} isWarning={licence !== 'valid'} />;
}

interface CardProps {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
  readonly isWarning?: boolean;
}

export function Card({ name, value, note, isWarning }: CardProps): JSX.Element {
  return (
    <div class={isWarning ? 'card warn' : 'card'}>
      <span class="name">{name}</span>
      <strong>{value}</strong>
      {note === undefined ? null : <span class="note">{note}</span>}
    </div>
  );
}

function LiveGraphs({ live: { history, heardAtMs } }: { live: LiveView }): JSX.Element | null {
  // Drawn anew with each sample, not with each event.
  const graphs = useMemo(() => {
    if (history === undefined) return undefined;
    const { users, sessions, connections, lagMs } = history;
    const last = Math.floor(heardAtMs / 1_000);
    return {
      times: users.map((_, i) => last - ((users.length - 1 - i) * sampleIntervalMs) / 1_000),
      counts: [
        { name: 'users', values: users },
        { name: 'sessions', values: sessions },
        { name: 'connections', values: connections },
      ],
      lag: [{ name: 'lag', values: lagMs }],
    };
  }, [history]);
  if (graphs === undefined) return null;
  const { times, counts, lag } = graphs;
  return (
    <section class="graphs" aria-label="The last ten minutes">
      <Chart title="The last ten minutes" times={times} series={counts} kind="lines" />
      <Chart title="Average server lag" times={times} series={lag} kind="lines" unit=" ms" />
    </section>
  );
}
