/** Edges with how they are and what they carry, and what an administrator may have them do. */
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { EdgeFigures, Picture } from '../live/picture.ts';
import type { PageProps } from './page-props.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { DataTable } from './data-table.tsx';
import { edgesInOrder } from './edge-order.ts';
import { MoveButton, SessionField } from './move-button.tsx';
import { act } from './operations.ts';
import { Pager, pageOf } from './pager.tsx';
import { Sparkline } from './sparkline.tsx';

const rowsPerPage = 25;
const drainDefaultSeconds = 60;
const columns = [
  'Edge',
  'State',
  'Sessions',
  ['Users', 'number'],
  ['Connections', 'number optional'],
  ['Lag', 'number optional'],
  ['Busy', 'number optional'],
  ['Version', 'optional'],
  ['Region', 'optional'],
  'Actions',
] as const;

export function EdgesTable(props: PageProps & { picture: Picture }): JSX.Element {
  const { picture, live } = props;
  const [filter, setFilter] = useState('');
  const [page, setPage] = useState(0);
  const edges = edgesInOrder(picture).filter(([id, edge]) =>
    `${id} ${edge.state} ${edge.region} ${edge.version}`.includes(filter.trim()),
  );
  return (
    <section class="panel" aria-labelledby="edges-title">
      <h2 id="edges-title">Edges</h2>
      <VersionWarning picture={picture} version={live.version} />
      {Object.keys(picture.edges).length > rowsPerPage ? (
        <label class="filter">
          Filter edges
          <input value={filter} onInput={(event) => setFilter(event.currentTarget.value)} />
        </label>
      ) : null}
      <DataTable label="Table of edges" columns={columns} kind="blocks">
        <tbody>
          {pageOf(edges, page, rowsPerPage).map(([id, edge]) => (
            <EdgeRow key={id} id={id} edge={edge} {...props} />
          ))}
        </tbody>
      </DataTable>
      <Pager name="edges" total={edges.length} page={page} size={rowsPerPage} turn={setPage} />
    </section>
  );
}

function EdgeRow(props: PageProps & { id: string; edge: EdgeFigures }): JSX.Element {
  const { id, edge, live } = props;
  return (
    <tr>
      <th scope="row">
        <a href={`#/sessions/${id}`}>{id}</a>
      </th>
      <td>
        <span class={`state state-${edge.state}`}>{edge.state}</span>
        {edge.left < 0 ? null : <span class="note"> {edge.left} to move</span>}
      </td>
      <td>
        <Sparkline values={live.history?.edges[id] ?? []} /> {edge.sessions}
        <span class="note"> of {edge.sessionsMax}</span>
      </td>
      <td class="number">{edge.users}</td>
      <td class="number optional">{edge.connections}</td>
      <td class="number optional">{edge.lagMs} ms</td>
      <td class="number optional">{edge.busy} %</td>
      <td class="optional">{edge.version}</td>
      <td class="optional">{edge.region}</td>
      <td>
        <EdgeActions {...props} />
      </td>
    </tr>
  );
}

function EdgeActions(props: PageProps & { id: string; edge: EdgeFigures }): JSX.Element {
  const { id, edge, viewer, tell } = props;
  const isDisabled = viewer.role !== 'admin';
  const about = { subject: id, isDisabled, tell };
  const hold = async (on: boolean): Promise<string> => {
    await act('maintenance', { edge: id, on });
    return on ? `${id} takes no new sessions.` : `${id} takes new sessions again.`;
  };
  return (
    <div class="row-actions one-line">
      {edge.state === 'draining' ? (
        <ConfirmButton
          {...about}
          label="Undrain"
          question="It takes new sessions again. What has moved away stays where it is."
          run={async () => {
            await act('undrain', { edge: id });
            return `${id} takes sessions again.`;
          }}
        />
      ) : (
        <DrainButton {...about} />
      )}
      {edge.kind === 'edge' ? (
        <MoveButton {...props} subject={`a session of ${id}`} edge={id} isDisabled={edge.sessions === 0}>
          <SessionField edge={id} />
        </MoveButton>
      ) : null}
      {edge.state === 'maintenance' ? (
        <ConfirmButton
          {...about}
          label="Resume"
          question="It takes new sessions again."
          run={async () => await hold(false)}
        />
      ) : (
        <ConfirmButton
          {...about}
          label="Hold"
          question="It keeps its sessions and takes no new ones, also after a restart."
          run={async () => await hold(true)}
        />
      )}
    </div>
  );
}

function DrainButton(about: { subject: string; isDisabled: boolean; tell: PageProps['tell'] }): JSX.Element {
  const { subject } = about;
  return (
    <ConfirmButton
      {...about}
      label="Drain"
      question="All its sessions move to other edges with their members, and it takes no new ones."
      run={async (form) => {
        await act('drain', { edge: subject, deadlineSeconds: Number(form.get('deadline')) });
        return `${subject} is being emptied.`;
      }}
    >
      <label>
        Seconds that it may take
        <input
          name="deadline"
          type="number"
          min="1"
          max="86400"
          required
          defaultValue={drainDefaultSeconds}
        />
      </label>
    </ConfirmButton>
  );
}

function VersionWarning({ picture, version }: { picture: Picture; version: string }): JSX.Element | null {
  const edges = Object.values(picture.edges).map((edge) => edge.version);
  const versions = new Set([...edges, ...Object.values(picture.doors)]);
  versions.delete('');
  versions.add(version);
  if (versions.size < 2) return null;
  return (
    <p class="notice warn">
      Members run different versions: {[...versions].toSorted().join(', ')}. This front door runs {version}.
    </p>
  );
}
