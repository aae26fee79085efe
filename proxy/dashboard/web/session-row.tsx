/** One session in a table, with its members when they are asked for. */
import { readClientName } from '#shared/client-name.ts';
import { useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { PageProps } from './page-props.ts';
import { useAgainWith, useAsked } from './asked.ts';
import { ConfirmButton } from './confirm-button.tsx';
import { MoveButton } from './move-button.tsx';
import { act, look } from './operations.ts';
import type { Answer } from './operations.ts';

type Members = Extract<Answer<'sessions'>, { members: readonly unknown[] }>;
type Member = Members['members'][number];

interface SessionProps extends PageProps {
  readonly session: { readonly key: string; readonly adapter: 'oct' | 'y'; readonly members: number };
  readonly edge: string;
  readonly again: () => void;
}

const protocols = { oct: 'Open Collaboration', y: 'y-websocket' } as const;

export function SessionRow(props: SessionProps): JSX.Element {
  const { session, viewer, tell, again } = props;
  const { key } = session;
  const [isOpen, setOpen] = useState(false);
  const isDisabled = viewer.role !== 'admin';
  return (
    <tbody>
      <tr>
        <th scope="row" class="wrap">
          <code>{key}</code>
        </th>
        <td class="optional">{protocols[session.adapter]}</td>
        <td class="number">{session.members}</td>
        <td>
          <div class="row-actions">
            <button
              type="button"
              class="small"
              aria-expanded={isOpen}
              aria-label={`Members of ${key}`}
              onClick={() => setOpen(!isOpen)}
            >
              Members
            </button>
            <MoveButton {...props} subject={key} done={again}>
              <input type="hidden" name="key" value={key} />
            </MoveButton>
            <ConfirmButton
              label="End"
              subject={key}
              isDangerous
              isDisabled={isDisabled}
              question="Its members are told, and their tokens open it no more."
              tell={tell}
              run={async () => {
                await act('end', { key });
                again();
                return `The session ${key} has ended.`;
              }}
            />
          </div>
        </td>
      </tr>
      {isOpen ? (
        <tr>
          <td colSpan={4} class="inside">
            <MemberList {...props} />
          </td>
        </tr>
      ) : null}
    </tbody>
  );
}

function MemberList(props: SessionProps): JSX.Element {
  const { session } = props;
  const { key } = session;
  const { answer, fault, again } = useAsked(`members ${key}`, async () => {
    return (await look<'sessions'>('sessions', { key })) as Members;
  });
  useAgainWith(session.members, again);
  if (fault !== undefined) return <p class="notice fault">{fault}</p>;
  if (answer === undefined) return <p>Asking…</p>;
  return (
    <>
      {answer.members.length === 0 ? <p>Nobody is in it.</p> : null}
      <ul class="members" aria-label={`Members of ${key}`}>
        {answer.members.map((member) => (
          <MemberItem key={member.id} member={member} reload={again} {...props} />
        ))}
      </ul>
      <p class="note">
        <a href={`#/activity/${encodeURIComponent(key)}`}>Activity of this session</a>
      </p>
    </>
  );
}

function MemberItem(props: SessionProps & { member: Member; reload: () => void }): JSX.Element {
  const { member, session, viewer, tell, reload, again } = props;
  const who = member.name ?? member.id;
  const remove = async (isBanned: boolean): Promise<string> => {
    await act('remove', { key: session.key, member: member.id, isBanned });
    reload();
    again();
    return isBanned ? `${who} is banned from ${session.key}.` : `${who} is out of ${session.key}.`;
  };
  const about = { subject: who, isDangerous: true, isDisabled: viewer.role !== 'admin', tell };
  return (
    <li>
      <span>
        <strong>{who}</strong> {member.email === undefined ? '' : `<${member.email}>`}
      </span>
      <span class="note">
        {member.role}, {describeClient(member.client)}, {member.transport},{' '}
        {Math.round(member.messagesPerSecond)} messages/s
      </span>
      <span class="row-actions">
        <ConfirmButton
          {...about}
          label="Remove"
          question="They are out of the session, and may come again."
          run={async () => await remove(false)}
        />
        <ConfirmButton
          {...about}
          label="Ban"
          question="They are out of the session for as long as it lives."
          run={async () => await remove(true)}
        />
      </span>
    </li>
  );
}

function describeClient(told: string): string {
  const { client, version } = readClientName(told);
  return `${client} ${version}`.trim();
}
