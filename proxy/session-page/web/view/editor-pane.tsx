/** Tabs of the open files, and the one that is shown. */
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { openEditor, showPicture } from '../editor/open-editor.ts';
import type { OpenFile } from '../session/open-files.ts';
import type { Session } from '../session/session.ts';
import { useStore } from '../store.ts';
import { SaveCopy } from './save-copy.tsx';

export function EditorPane({ session }: { session: Session }): JSX.Element {
  const { files, active } = useStore(session.files.store);
  const file = files.find(({ path }) => path === active);
  return (
    <section class="editor" aria-label="Texts">
      {files.length === 0 ? (
        <p class="empty soft">
          Choose a file: it opens here, and everybody who has it open sees your cursor.
        </p>
      ) : (
        <Tabs files={files} active={active} session={session} />
      )}
      {file === undefined ? null : (
        <div class="text" role="tabpanel" aria-label={nameOf(file.path)}>
          <FileBody key={file.path} file={file} session={session} />
        </div>
      )}
    </section>
  );
}

interface TabsProps {
  readonly files: readonly OpenFile[];
  readonly active: string | undefined;
  readonly session: Session;
}

function Tabs({ files, active, session }: TabsProps): JSX.Element {
  const step = (event: KeyboardEvent, at: number): void => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: files.length - 1 }[event.key];
    const next = to === undefined ? undefined : files[to];
    if (event.key === 'Delete') session.files.close(files[at]!.path);
    if (next === undefined) return;
    event.preventDefault();
    session.go(next.path);
    const list = (event.currentTarget as HTMLElement).parentElement!;
    list.querySelectorAll<HTMLElement>('[role=tab]')[to!]?.focus();
  };
  return (
    <div class="tab-bar">
      <div class="tabs" role="tablist" aria-label="Open files">
        {files.map(({ path, state }, at) => (
          <button
            key={path}
            role="tab"
            class={state === 'gone' ? 'gone' : undefined}
            title={path}
            aria-selected={path === active}
            tabIndex={path === active ? 0 : -1}
            onClick={() => session.go(path)}
            onKeyDown={(event) => step(event, at)}
          >
            {nameOf(path)}
          </button>
        ))}
      </div>
      {active === undefined ? null : (
        <button
          class="close"
          aria-label={`Close ${nameOf(active)}`}
          onClick={() => session.files.close(active)}
        >
          ×
        </button>
      )}
    </div>
  );
}

interface BodyProps {
  readonly file: OpenFile;
  readonly session: Session;
}

function FileBody({ file, session }: BodyProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  /** Whoever reads the picture of a file when its text comes is to go on in that: keys would be lost without a word. */
  const readAt = useRef<number>(undefined);
  const { state } = file;
  useEffect(() => {
    if (place.current === null) return undefined;
    const opened =
      state === 'ready' ? openEditor(place.current, file, session) : showPicture(place.current, file);
    if (readAt.current !== undefined) opened.goOnFrom(readAt.current);
    return () => {
      readAt.current = opened.close();
    };
    // The parent makes another one for another file.
  }, [state]);
  if (state === 'plain') return <p class="empty soft">{file.note}</p>;
  if (state === 'gone')
    return (
      <div class="empty">
        <p class="soft">{file.note} What was typed is here still.</p>
        <SaveCopy session={session} path={file.path} />
      </div>
    );
  if (state === 'loading') return <p class="empty soft">Loading …</p>;
  return (
    <>
      {state === 'waiting' ? <p class="hint soft">The host is about to open this file.</p> : null}
      <div key="code" class="code" ref={place} />
    </>
  );
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
