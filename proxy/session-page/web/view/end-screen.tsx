/** How the session ended, and what can be done then. */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Session } from '../session/session.ts';

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
  const texts = files.filter(({ state }) => state === 'ready');
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
                <button onClick={() => download(path, session.documents.text(path).toJSON())}>
                  Save a copy of {path}
                </button>
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

function download(path: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: path.replace(/.*\//, '') });
  link.click();
  URL.revokeObjectURL(url);
}
