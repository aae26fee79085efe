/** How the session ended, and what can be done then. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from '../session/session.ts';
import { SaveCopy } from './save-copy.tsx';

interface EndProps {
  readonly session: Session;
  readonly reason: string;
  readonly onAgain: () => void;
}

export function EndScreen({ session, reason, onAgain }: EndProps): JSX.Element {
  useEffect(() => {
    document.title = 'Session over – Mooring';
  }, []);
  const { files } = session.files.store.value;
  const texts = files.filter(({ state }) => state === 'ready' || state === 'gone');
  return (
    <main class="narrow">
      <h1>The session is over for you</h1>
      <p role="status">{reason}</p>
      {texts.length === 0 ? null : (
        <section class="panel" aria-labelledby="texts-title">
          <h2 id="texts-title">What you had open</h2>
          <ul class="plain">
            {texts.map(({ path }) => (
              <li key={path}>
                <SaveCopy session={session} path={path} />
              </li>
            ))}
          </ul>
        </section>
      )}
      <p class="row">
        {session.isHost ? null : <button onClick={onAgain}>Ask to join again</button>}
        <a href="/">To the start page</a>
      </p>
    </main>
  );
}
