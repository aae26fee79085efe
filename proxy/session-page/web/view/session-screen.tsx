/** The session: files, editor, people and chat; side by side, or one at a time where the screen is narrow. */
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Session } from '../session/session.ts';
import { useStore } from '../store.ts';
import { ChatPanel } from './chat-panel.tsx';
import { EditorPane } from './editor-pane.tsx';
import { FileTreePanel } from './file-tree-panel.tsx';
import { PeoplePanel } from './people-panel.tsx';
import { Questions } from './questions.tsx';
import { SessionHeader } from './session-header.tsx';

interface SessionProps {
  readonly session: Session;
  readonly tell: (text: string, isFault?: boolean) => void;
}

const panes = ['Files', 'Text', 'People', 'Chat'] as const;
export type Pane = (typeof panes)[number];

export function SessionScreen({ session, tell }: SessionProps): JSX.Element {
  const view = useStore(session.store);
  /** On a narrow screen the one that is shown; the chat counts what is said where it is not. */
  const [pane, setPane] = useState<Pane>('Files');
  const { active } = useStore(session.files.store);
  useEffect(() => {
    if (active !== undefined) setPane('Text');
  }, [active]);
  /** A host who looks at another tab is to see, too, that somebody waits. */
  const news = view.unread + view.questions.length;
  useEffect(() => {
    document.title = `${news > 0 ? `(${news}) ` : ''}${view.workspace.name || 'Session'} – Mooring`;
  }, [news, view.workspace.name]);
  useLeaveGuard(session.isHost || view.link.state === 'away');
  return (
    <div class={`session shows-${pane.toLowerCase()}`}>
      <SessionHeader session={session} view={view} tell={tell} />
      <Questions questions={view.questions} />
      <main class="parts">
        <FileTreePanel session={session} view={view} tell={tell} />
        <EditorPane session={session} />
        <div class="side">
          <PeoplePanel session={session} view={view} />
          <ChatPanel session={session} view={view} />
        </div>
      </main>
      <nav class="panes" aria-label="Parts of the session">
        {panes.map((name) => (
          <button key={name} aria-current={name === pane ? 'page' : undefined} onClick={() => setPane(name)}>
            {name}
            {name === 'Chat' && view.unread > 0 ? <span class="count"> {view.unread} new</span> : null}
          </button>
        ))}
      </nav>
    </div>
  );
}

/** A host that closes its page ends the session for everybody; whoever is not connected takes what was typed along. */
function useLeaveGuard(isNeeded: boolean): void {
  useEffect(() => {
    if (!isNeeded) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isNeeded]);
}
