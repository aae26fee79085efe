/** What the session is called, how the connection is, and the way out. */
import type { JSX } from 'preact';
import { baseOf } from '../place.ts';
import type { Session } from '../session/session.ts';
import type { LinkView, SessionView } from '../session/session-view.ts';

interface HeaderProps {
  readonly session: Session;
  readonly view: SessionView;
  readonly tell: (text: string, isFault?: boolean) => void;
}

export function SessionHeader({ session, view, tell }: HeaderProps): JSX.Element {
  const { key, workspace, isReadOnly, link } = view;
  const copy = async (): Promise<void> => {
    const url = baseOf(key);
    try {
      await navigator.clipboard.writeText(url);
      tell('The link is copied. Whoever opens it can ask to come in.');
    } catch {
      tell(`The link is ${url}`);
    }
  };
  return (
    <header>
      <h1>{workspace.name || 'Session'}</h1>
      {isReadOnly && !session.isHost ? <span class="badge">Read-only</span> : null}
      <LinkState link={link} />
      <span class="actions">
        <button onClick={() => void copy()}>Copy link</button>
        <button onClick={() => void session.leave()}>{session.isHost ? 'End session' : 'Leave'}</button>
      </span>
    </header>
  );
}

const words: Readonly<Record<LinkView['state'], string>> = {
  connecting: 'Connecting …',
  up: 'Connected',
  away: 'Coming back … what you type is kept',
  over: 'Over',
};

function LinkState({ link: { state, edge, epoch, returns } }: { link: LinkView }): JSX.Element {
  return (
    <div class={`link link-${state}`}>
      <p role="status">
        <span class="dot" aria-hidden="true" />
        {words[state]}
        {state === 'up' && edge !== undefined ? <span class="soft"> {edge}</span> : null}
      </p>
      <details>
        <summary>Details</summary>
        <dl class="panel">
          <dt>Edge</dt>
          <dd>{edge ?? 'not known yet'}</dd>
          <dt>Epoch</dt>
          <dd>{epoch ?? 'not known yet'}</dd>
          <dt>Came back</dt>
          <dd>{returns === 1 ? 'once' : `${returns} times`}</dd>
        </dl>
      </details>
    </div>
  );
}
