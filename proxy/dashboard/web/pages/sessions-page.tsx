/** Sessions of one edge or of one key, with their members, and what an administrator may do to them. */
import { useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from '../page-props.ts';
import { useAgainWith, useAsked } from '../asked.ts';
import { DataTable } from '../data-table.tsx';
import { edgesInOrder } from '../edge-order.ts';
import { describeRefusal, look } from '../operations.ts';
import type { Answer } from '../operations.ts';
import { Pager, pageOf } from '../pager.tsx';
import { SessionRow } from '../session-row.tsx';

type SessionList = Extract<Answer<'sessions'>, { edges: readonly unknown[] }>;

const rowsPerPage = 25;
const columns = ['Session', ['Protocol', 'optional'], ['Members', 'number'], 'Actions'] as const;

export function SessionsPage(props: PageProps): JSX.Element {
  const { live, rest } = props;
  const edges = edgesInOrder(live.picture)
    .filter(([, { kind }]) => kind === 'edge')
    .map(([id]) => id);
  // Where nobody has chosen: the first one that has any, and then it stays.
  const first = useRef<string>(undefined);
  first.current ??= edges.find((id) => live.picture!.edges[id]!.sessions > 0);
  const edge = [rest, first.current ?? ''].find((id) => edges.includes(id)) ?? edges[0] ?? '';
  const [find, setFind] = useState('');
  const [page, setPage] = useState(0);
  const { answer, fault, again } = useAsked(`sessions ${edge}`, async () => {
    return edge === '' ? undefined : ((await look<'sessions'>('sessions', { edge })) as SessionList);
  });
  useAgainWith(live.picture?.edges[edge]?.sessions, again);
  const listed = answer?.edges[0];
  const sessions = (listed?.sessions ?? []).filter(({ key }) => key.includes(find.trim()));
  if (edges.length === 0) return <p>There is no edge whose sessions could be listed.</p>;
  return (
    <section class="panel" aria-label="Sessions">
      <form class="fields" onSubmit={(event) => event.preventDefault()}>
        <label>
          Edge
          <select
            value={edge}
            onChange={(event) => (location.hash = `#/sessions/${event.currentTarget.value}`)}
          >
            {edges.map((id) => (
              <option key={id} value={id}>
                {id} ({live.picture!.edges[id]!.sessions})
              </option>
            ))}
          </select>
        </label>
        <label>
          Key contains
          <input value={find} onInput={(event) => setFind(event.currentTarget.value)} />
        </label>
        <FindForm {...props} />
      </form>
      {fault === undefined ? null : (
        <p class="notice fault" role="alert">
          {fault}
        </p>
      )}
      {answer?.silent.length ? <p class="notice warn">{answer.silent.join(', ')} did not answer.</p> : null}
      {answer !== undefined && sessions.length === 0 ? <p>No session here.</p> : null}
      {listed !== undefined && listed.total > listed.sessions.length ? (
        <p class="note">
          The {listed.sessions.length} largest of {listed.total}; others are found by their key.
        </p>
      ) : null}
      {sessions.length === 0 ? null : (
        <SessionTable {...props} sessions={pageOf(sessions, page, rowsPerPage)} edge={edge} again={again} />
      )}
      <Pager name="sessions" total={sessions.length} page={page} size={rowsPerPage} turn={setPage} />
    </section>
  );
}

interface TableProps extends PageProps {
  readonly sessions: Readonly<SessionList['edges'][number]['sessions']>;
  readonly edge: string;
  readonly again: () => void;
}

function SessionTable({ sessions, ...rest }: TableProps): JSX.Element {
  return (
    <DataTable label={`Sessions of ${rest.edge}`} columns={columns} kind="blocks">
      {sessions.map((session) => (
        <SessionRow key={session.key} session={session} {...rest} />
      ))}
    </DataTable>
  );
}

/** Where one session is, however many there are. */
function FindForm({ tell }: PageProps): JSX.Element {
  const [key, setKey] = useState('');
  const find = async (): Promise<void> => {
    try {
      const pin = await look<'where'>('where', { key: key.trim() });
      tell(`${pin.key} is on ${pin.edge}.`);
      location.hash = `#/sessions/${pin.edge}`;
    } catch (error) {
      tell(describeRefusal(error), true);
    }
  };
  return (
    <span class="find">
      <label>
        Find a whole key
        <input value={key} onInput={(event) => setKey(event.currentTarget.value)} />
      </label>
      <button type="button" disabled={key.trim() === ''} onClick={() => void find()}>
        Find
      </button>
    </span>
  );
}
