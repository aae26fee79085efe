/** Which screen is shown: the way in, the session, or how it ended. */
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { baseOf, keepTicket, keyOfPage, readProfile, readTicket } from '../place.ts';
import type { Arrival } from '../session/arrival.ts';
import { Session } from '../session/session.ts';
import { useStore } from '../store.ts';
import { EndScreen } from './end-screen.tsx';
import { EntryScreen } from './entry-screen.tsx';
import { Notices, useNotices } from '../../../dashboard/web/notices.tsx';
import { SessionScreen } from './session-screen.tsx';

/** Somebody edits meanwhile, and the next one may follow at once. */
const shownMs = 8_000;

export function App(): JSX.Element {
  const { notices, tell } = useNotices(shownMs);
  const [session, setSession] = useState<Session>();
  const enter = useCallback(
    ({ ticket, profile, duty }: Arrival) => {
      const { key } = ticket;
      // A host's files do not outlive its page, so only a guest comes back by loading it again.
      if (duty === undefined) keepTicket(ticket);
      if (keyOfPage() !== key) history.replaceState(undefined, '', baseOf(key));
      const entered = new Session({ ticket, profile, duty, tell });
      setSession(entered);
      void entered.run();
    },
    [tell],
  );
  useEffect(() => {
    const key = keyOfPage();
    const [ticket, profile] = [key && readTicket(key), readProfile()];
    if (globalThis.isSecureContext && ticket && profile) enter({ ticket, profile, duty: undefined });
  }, [enter]);
  return (
    <>
      {!globalThis.isSecureContext ? (
        <Insecure />
      ) : session === undefined ? (
        <EntryScreen sessionKey={keyOfPage()} onArrival={enter} />
      ) : (
        <Present session={session} tell={tell} onAgain={() => setSession(undefined)} />
      )}
      <Notices notices={notices} />
    </>
  );
}

interface PresentProps {
  readonly session: Session;
  readonly tell: (text: string, isFault?: boolean) => void;
  readonly onAgain: () => void;
}

function Present({ session, tell, onAgain }: PresentProps): JSX.Element {
  const { end } = useStore(session.store);
  if (end !== undefined) return <EndScreen session={session} reason={end} onAgain={onAgain} />;
  return <SessionScreen session={session} tell={tell} />;
}

function Insecure(): JSX.Element {
  return (
    <main class="narrow">
      <h1>This page needs HTTPS</h1>
      <p>
        What members say is encrypted in their browsers, which browsers allow on encrypted pages alone (and on
        this machine itself). Ask for an <code>https://</code> address of this server.
      </p>
    </main>
  );
}
