/** Leafs through what is longer than a page. */
import type { JSX } from 'preact';

interface PagerProps {
  readonly name: string;
  readonly total: number;
  readonly page: number;
  readonly size: number;
  readonly turn: (page: number) => void;
}

export function pageOf<T>(items: readonly T[], page: number, size: number): readonly T[] {
  const last = Math.max(0, Math.ceil(items.length / size) - 1);
  const first = Math.min(page, last) * size;
  return items.slice(first, first + size);
}

export function Pager({ name, total, page, size, turn }: PagerProps): JSX.Element | null {
  if (total <= size) return null;
  const last = Math.ceil(total / size) - 1;
  const at = Math.min(page, last);
  return (
    <nav class="pager" aria-label={`Pages of ${name}`}>
      <button type="button" class="small" disabled={at === 0} onClick={() => turn(at - 1)}>
        Previous
      </button>
      <span>
        {at * size + 1} to {Math.min(total, (at + 1) * size)} of {total}
      </span>
      <button type="button" class="small" disabled={at >= last} onClick={() => turn(at + 1)}>
        Next
      </button>
    </nav>
  );
}
