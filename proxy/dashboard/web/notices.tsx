/** What became of what a person did, or just happened: told in words at the edge of the page, and to whoever hears it. */
import { useCallback, useState } from 'preact/hooks';
import type { JSX } from 'preact';

export interface Notice {
  readonly id: number;
  readonly text: string;
  readonly isFault: boolean;
}

const noticesMax = 3;
let lastId = 0;

export function useNotices(shownMs = 12_000): {
  notices: readonly Notice[];
  tell: (text: string, isFault?: boolean) => void;
} {
  const [notices, setNotices] = useState<readonly Notice[]>([]);
  const tell = useCallback(
    (text: string, isFault = false) => {
      const id = ++lastId;
      setNotices((before) => [...before, { id, text, isFault }].slice(-noticesMax));
      setTimeout(() => setNotices((before) => before.filter((notice) => notice.id !== id)), shownMs);
    },
    [shownMs],
  );
  return { notices, tell };
}

export function Notices({ notices }: { notices: readonly Notice[] }): JSX.Element {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map(({ id, text, isFault }) => (
        <p key={id} class={isFault ? 'notice fault' : 'notice done'}>
          {text}
        </p>
      ))}
    </div>
  );
}
