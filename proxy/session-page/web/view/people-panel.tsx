/** Who is here, in which role, at which file; and whom the page goes along with. */
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { colourOf } from '../colours.ts';
import type { Session } from '../session/session.ts';
import type { SessionView } from '../session/session-view.ts';
import type { Presence } from '../session/shared-documents.ts';

export function PeoplePanel({ session, view }: { session: Session; view: SessionView }): JSX.Element {
  const { self, members, following } = view;
  const presences = usePresences(session);
  const own = session.documents.awareness.getLocalState()?.['colour'];
  return (
    <section class="people" aria-labelledby="people-title">
      <h2 id="people-title">People</h2>
      <ul class="plain">
        {self === undefined ? null : (
          <li>
            <span class={`who-dot who-${colourOf(own, self.id)}`} aria-hidden="true" />
            <span class="who-name">
              {self.name} (you){self.host ? ', host' : ''}
            </span>
          </li>
        )}
        {members.map(({ id, name, host }) => {
          const presence = presences.find(({ peer }) => peer === id);
          const path = presence?.selection?.path;
          const isFollowed = following === id;
          return (
            <li key={id}>
              <span class={`who-dot who-${colourOf(presence?.colour, id)}`} aria-hidden="true" />
              <span class="who-name">
                {name}
                {host ? ', host' : ''}
                {path === undefined ? null : <span class="soft"> {path.replace(/.*\//, '')}</span>}
              </span>
              <button
                class={isFollowed ? 'on' : ''}
                aria-label={isFollowed ? `Following ${name}: stop` : `Follow ${name}`}
                onClick={() => (isFollowed ? session.follower.stop() : session.follower.follow(id))}
              >
                {isFollowed ? 'Following' : 'Follow'}
              </button>
            </li>
          );
        })}
      </ul>
      {session.isHost ? (
        <label class="rule">
          <input
            type="checkbox"
            checked={view.isReadOnly}
            onChange={({ currentTarget }) => session.setReadOnly(currentTarget.checked)}
          />
          Guests may only read
        </label>
      ) : null}
    </section>
  );
}

function usePresences({ documents }: Session): readonly Presence[] {
  const [presences, setPresences] = useState(() => documents.presences());
  useEffect(() => {
    const take = (): void => setPresences(documents.presences());
    documents.awareness.on('change', take);
    return () => documents.awareness.off('change', take);
  }, [documents]);
  return presences;
}
