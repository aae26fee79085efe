/** Moves one session to another edge: the one of a row, or one that is chosen among those of an edge. */
import type { ComponentChildren, JSX } from 'preact';
import { edgesInOrder } from './edge-order.ts';
import type { PageProps } from './page-props.ts';
import { useAsked } from './asked.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { textOf } from './form-fields.ts';
import { act, look } from './operations.ts';
import type { Answer } from './operations.ts';

type SessionList = Extract<Answer<'sessions'>, { edges: readonly unknown[] }>;

interface MoveProps extends PageProps {
  readonly subject: string;
  /** Where it is. */
  readonly edge: string;
  readonly isDisabled?: boolean;
  /** The field `key`. */
  readonly children: ComponentChildren;
  readonly done?: () => void;
}

export function MoveButton(props: MoveProps): JSX.Element {
  const { subject, edge, isDisabled, children, done, live, viewer, tell } = props;
  const others = edgesInOrder(live.picture)
    .filter(([id, { state, kind }]) => id !== edge && state === 'ready' && kind === 'edge')
    .map(([id]) => id);
  return (
    <ConfirmButton
      label="Move"
      subject={subject}
      isDisabled={viewer.role !== 'admin' || others.length === 0 || isDisabled === true}
      question="The session goes on at the other edge with its members, who come back by themselves."
      tell={tell}
      run={async (form) => {
        const [key, to] = [textOf(form, 'key'), textOf(form, 'edge')];
        await act('move', { key, edge: to });
        done?.();
        return `The session ${key} is on ${to} now.`;
      }}
    >
      {children}
      <label>
        To edge
        <select name="edge">
          {others.map((id) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
    </ConfirmButton>
  );
}

/** Which session of an edge; the largest first. */
export function SessionField({ edge }: { edge: string }): JSX.Element {
  const { answer, fault } = useAsked(`sessions ${edge}`, async () => {
    return (await look<'sessions'>('sessions', { edge })) as SessionList;
  });
  const listed = answer?.edges[0];
  const sessions = listed?.sessions ?? [];
  const more = (listed?.total ?? 0) - sessions.length;
  return (
    <>
      <label>
        Session
        <select name="key" required>
          {sessions.map(({ key, members }) => (
            <option key={key} value={key}>
              {key} ({members === 1 ? '1 member' : `${members} members`})
            </option>
          ))}
        </select>
      </label>
      {fault === undefined ? null : <p class="notice fault">{fault}</p>}
      {answer !== undefined && sessions.length === 0 ? <p class="note">It has no session.</p> : null}
      {more > 0 ? <p class="note">{more} smaller ones are found by their key, under Sessions.</p> : null}
      <p class="note">To move all of them, drain the edge.</p>
    </>
  );
}
