/** What a page has asked for: the answer that came last, the refusal, and a way to ask again. Asks anew when `what` changes. */
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { describeRefusal } from './operations.ts';

export interface Asked<T> {
  readonly answer: T | undefined;
  readonly fault: string | undefined;
  readonly again: () => void;
}

/** Answers closer together would only cost the server. */
const shortPauseMs = 1_500;
/** Between questions about days. */
export const longPauseMs = 15_000;

export function useAsked<T>(what: string, ask: () => Promise<T>): Asked<T> {
  const [state, setState] = useState<{ what: string; answer?: T; fault?: string }>({ what });
  const latest = useRef(ask);
  latest.current = ask;
  const current = useRef(what);
  current.current = what;
  const again = useCallback(() => {
    const asked = current.current;
    latest.current().then(
      (answer) => {
        if (current.current === asked) setState({ what: asked, answer });
      },
      (error: unknown) => {
        if (current.current === asked) setState({ what: asked, fault: describeRefusal(error) });
      },
    );
  }, []);
  useEffect(again, [what]);
  const isOfThis = state.what === what;
  return { answer: isOfThis ? state.answer : undefined, fault: isOfThis ? state.fault : undefined, again };
}

/** Asks again when a figure of the live picture has changed, and not more often than a person can read. */
export function useAgainWith(figure: unknown, again: () => void, pauseMs = shortPauseMs): void {
  const lastAt = useRef(Date.now());
  const isFirst = useRef(true);
  useEffect(() => {
    if (isFirst.current) {
      isFirst.current = false;
      return undefined;
    }
    const wait = Math.max(0, lastAt.current + pauseMs - Date.now());
    const timer = setTimeout(() => {
      lastAt.current = Date.now();
      again();
    }, wait);
    return () => clearTimeout(timer);
  }, [figure]);
}
