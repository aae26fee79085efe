/** The word of administrators, as the server's metadata have it. */
import { useEffect, useState } from 'preact/hooks';
import type { JSX } from 'preact';

interface Word {
  readonly text: string;
  readonly level: string;
}

export function Banner(): JSX.Element | null {
  const [word, setWord] = useState<Word>();
  useEffect(() => {
    fetch('/api/meta')
      .then(async (answer) => setWord(((await answer.json()) as { banner?: Word }).banner))
      // It is told by whatever comes next.
      .catch(() => undefined);
  }, []);
  if (word === undefined) return null;
  return (
    <p class={word.level === 'warning' ? 'notice fault' : 'notice'} role="status">
      {word.level === 'warning' ? <strong>Warning: </strong> : null}
      {word.text}
    </p>
  );
}
