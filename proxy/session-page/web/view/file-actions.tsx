/** New, other name, away: what can be done to files, asked for in one dialog and done by the host. */
import { useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { describeFault } from '../link/describe-fault.ts';
import type { Session } from '../session/session.ts';

interface ActionsProps {
  readonly session: Session;
  /** The row that is chosen; undefined where there is none. */
  readonly path: string | undefined;
  readonly isFolder: boolean;
  /** Whether the host can be asked now. */
  readonly isReachable: boolean;
  readonly tell: (text: string, isFault?: boolean) => void;
}

const actions = {
  file: { title: 'New file', button: 'Make' },
  folder: { title: 'New folder', button: 'Make' },
  rename: { title: 'Rename', button: 'Rename' },
  remove: { title: 'Delete', button: 'Delete' },
} as const;
type Action = keyof typeof actions;

export function FileActions({
  session,
  path,
  isFolder,
  isReachable,
  tell,
}: ActionsProps): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const [action, setAction] = useState<Action>('file');
  const [text, setText] = useState('');
  if (path === undefined || !session.mayWrite) return null;
  const inside = isFolder ? path : path.slice(0, path.lastIndexOf('/'));
  const isRoot = !path.includes('/');
  const ask = (next: Action): void => {
    setAction(next);
    setText(next === 'rename' || next === 'remove' ? path : `${inside}/`);
    dialog.current?.showModal();
  };
  const act = async (): Promise<void> => {
    dialog.current?.close();
    try {
      await session.changeFiles(action, path, text.trim());
    } catch (error) {
      tell(`That was not done: ${describeFault(error)}`, true);
    }
  };
  return (
    <div class="file-actions">
      {(Object.keys(actions) as Action[])
        .filter((name) => !isRoot || name === 'file' || name === 'folder')
        .map((name) => (
          <button key={name} disabled={!isReachable} onClick={() => ask(name)}>
            {actions[name].title}
          </button>
        ))}
      <dialog ref={dialog} aria-labelledby="action-title">
        <form
          method="dialog"
          onSubmit={(event) => {
            event.preventDefault();
            void act();
          }}
        >
          <h2 id="action-title">{actions[action].title}</h2>
          {action === 'remove' ? (
            <p>{path} is deleted on the host’s disk, for everybody.</p>
          ) : (
            <PathField text={text} onChange={setText} />
          )}
          <p class="actions">
            <button type="button" onClick={() => dialog.current?.close()}>
              Cancel
            </button>
            <button class={action === 'remove' ? 'primary danger' : 'primary'}>
              {actions[action].button}
            </button>
          </p>
        </form>
      </dialog>
    </div>
  );
}

function PathField(props: { readonly text: string; readonly onChange: (text: string) => void }): JSX.Element {
  return (
    <>
      <label for="action-path">Path</label>
      <input
        id="action-path"
        required
        autocomplete="off"
        value={props.text}
        onInput={({ currentTarget }) => props.onChange(currentTarget.value)}
      />
    </>
  );
}
