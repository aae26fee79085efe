/** What comes up by itself: the word of administrators, and those who ask the host to be let in. */
import type { JSX } from 'preact';
import { Banner } from './banner.tsx';
import type { JoinQuestion } from '../session/session-view.ts';

export function Questions({ questions }: { questions: readonly JoinQuestion[] }): JSX.Element {
  return (
    <div class="questions" role="region" aria-label="News for you" aria-live="polite">
      <Banner />
      {questions.map(({ id, user, answer }) => (
        <p key={id} class="notice">
          <span>
            <strong>{user.name}</strong>
            {user.email === undefined ? '' : ` (${user.email})`} wants to join.
            <span class="soft"> {assurance(user.authProvider)}</span>
          </span>
          <span class="actions">
            <button class="primary" aria-label={`Let in ${user.name}`} onClick={() => answer(true)}>
              Let in
            </button>
            <button aria-label={`Refuse ${user.name}`} onClick={() => answer(false)}>
              Refuse
            </button>
          </span>
        </p>
      ))}
    </div>
  );
}

/** `Unverified` is the login by a name alone. */
function assurance(provider: string | undefined): string {
  if (provider === undefined) return '';
  return provider === 'Unverified' ? 'Nobody has checked this name.' : `Logged in with ${provider}.`;
}
