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
            {user.email === undefined ? '' : ` (${user.email})`} wants to join
            {user.authProvider === undefined ? '' : `; login: ${user.authProvider}`}.
          </span>
          <span class="actions">
            <button class="primary" onClick={() => answer(true)}>
              Let {user.name} in
            </button>
            <button onClick={() => answer(false)}>Refuse {user.name}</button>
          </span>
        </p>
      ))}
    </div>
  );
}
