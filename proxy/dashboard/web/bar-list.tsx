/** Shares of a whole as bars with their figures: what a pie shows, and can be read. */
import type { JSX } from 'preact';

interface BarListProps {
  readonly title: string;
  readonly items: readonly { readonly name: string; readonly count: number }[];
}

const shown = 8;

export function BarList({ title, items }: BarListProps): JSX.Element {
  const total = items.reduce((sum, { count }) => sum + count, 0);
  const rest = items.slice(shown).reduce((sum, { count }) => sum + count, 0);
  const bars = [...items.slice(0, shown), ...(rest > 0 ? [{ name: 'Others', count: rest }] : [])];
  return (
    <figure class="chart">
      <figcaption>{title}</figcaption>
      {total === 0 ? <p class="note">None yet.</p> : null}
      <ul class="bars">
        {bars.map(({ name, count }) => (
          <li key={name}>
            <span>{name}</span>
            <span class="number">
              {count} ({Math.round((count / Math.max(1, total)) * 100)} %)
            </span>
            <span class="bar" style={{ width: `${(count / Math.max(1, total)) * 100}%` }} />
          </li>
        ))}
      </ul>
    </figure>
  );
}
