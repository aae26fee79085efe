/** The tree of files, for the mouse and for the arrow keys (the tree pattern of ARIA). */
import { useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import { rowsOf } from '../session/file-tree.ts';
import type { TreeRow } from '../session/file-tree.ts';
import type { Session } from '../session/session.ts';
import type { SessionView } from '../session/session-view.ts';
import { useStore } from '../store.ts';
import { FileActions } from './file-actions.tsx';

interface TreeProps {
  readonly session: Session;
  readonly view: SessionView;
  readonly tell: (text: string, isFault?: boolean) => void;
}

export function FileTreePanel({ session, view, tell }: TreeProps): JSX.Element {
  const { tree, files } = session;
  const rows = rowsOf(useStore(tree.store));
  const { active } = useStore(files.store);
  const [focused, setFocused] = useState<string>();
  const list = useRef<HTMLUListElement>(null);
  const reachable = rows.some(({ path }) => path === focused) ? focused : rows[0]?.path;
  const chosen = rows.find(({ path }) => path === reachable);
  const act = ({ path, isFolder, folder }: TreeRow): void => {
    setFocused(path);
    if (!isFolder) session.go(path);
    else if (folder === undefined) void tree.open(path);
    else tree.close(path);
  };
  const focus = (row: TreeRow | undefined): void => {
    if (row === undefined) return;
    setFocused(row.path);
    const at = rows.indexOf(row);
    list.current?.querySelectorAll<HTMLElement>('[role=treeitem]')[at]?.focus();
  };
  const press = (event: KeyboardEvent, row: TreeRow): void => {
    const at = rows.indexOf(row);
    const move = moves[event.key];
    if (move === undefined) return;
    event.preventDefault();
    const outcome = move(rows, at);
    if (outcome === 'act') act(row);
    else focus(outcome);
  };
  return (
    <nav class="files" aria-labelledby="files-title">
      <h2 id="files-title">Files</h2>
      <FileActions
        session={session}
        path={chosen?.path}
        isReachable={view.link.state === 'up'}
        isFolder={chosen?.isFolder === true}
        tell={tell}
      />
      {rows.length === 0 ? <p class="soft">The files come when the host has let you in.</p> : null}
      <ul class="plain tree" role="tree" aria-labelledby="files-title" ref={list}>
        {rows.map((row) => (
          <li
            key={row.path}
            role="treeitem"
            title={row.path}
            class={`level-${Math.min(row.level, 8)}`}
            aria-level={row.level}
            aria-selected={row.path === active}
            aria-expanded={row.isFolder ? row.folder !== undefined : undefined}
            tabIndex={row.path === reachable ? 0 : -1}
            onClick={() => act(row)}
            onKeyDown={(event) => press(event, row)}
          >
            <span class="mark" aria-hidden="true">
              {row.isFolder ? (row.folder === undefined ? '▸' : '▾') : ''}
            </span>
            {row.name}
            <FolderNotes row={row} />
          </li>
        ))}
      </ul>
    </nav>
  );
}

function FolderNotes({ row: { folder } }: { readonly row: TreeRow }): JSX.Element | null {
  if (folder === undefined) return null;
  return (
    <>
      {folder.isLoading && folder.entries.length === 0 ? <span class="soft"> …</span> : null}
      {folder.hidden === 0 ? null : <span class="soft"> and {folder.hidden} more, not shown</span>}
      {folder.fault === undefined ? null : <span class="soft"> cannot be read</span>}
    </>
  );
}

type Move = (rows: readonly TreeRow[], at: number) => TreeRow | 'act' | undefined;

const moves: Readonly<Record<string, Move>> = {
  ArrowDown: (rows, at) => rows[at + 1],
  ArrowUp: (rows, at) => rows[at - 1],
  Home: (rows) => rows[0],
  End: (rows) => rows.at(-1),
  ArrowRight: (rows, at) => {
    const row = rows[at]!;
    if (!row.isFolder) return undefined;
    return row.folder === undefined ? 'act' : rows[at + 1];
  },
  ArrowLeft: (rows, at) => {
    const row = rows[at]!;
    if (row.folder !== undefined) return 'act';
    return rows.slice(0, at).findLast(({ level }) => level < row.level);
  },
  Enter: () => 'act',
  ' ': () => 'act',
};
