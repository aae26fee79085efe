/** A text that has no file on the host's disk any more, as a file of whoever wants it. */
import type { JSX } from 'preact';
import type { Session } from '../session/session.ts';

export function SaveCopy({ session, path }: { session: Session; path: string }): JSX.Element {
  return (
    <button onClick={() => download(path, session.documents.text(path).toJSON())}>
      Save a copy of {path}
    </button>
  );
}

function download(path: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: path.replace(/.*\//, '') });
  link.click();
  URL.revokeObjectURL(url);
}
