/** A line as small as a word: how a figure went, without axes. Its last value stands beside it in text. */
import type { JSX } from 'preact';

const width = 72;
const height = 20;

export function Sparkline({ values }: { values: readonly number[] }): JSX.Element {
  const max = Math.max(1, ...values);
  const step = width / Math.max(1, values.length - 1);
  const points = values.map(
    (value, i) => `${(i * step).toFixed(1)},${(height - 2 - (value / max) * (height - 4)).toFixed(1)}`,
  );
  return (
    <svg
      class="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      aria-hidden="true"
    >
      {points.length > 1 ? <polyline points={points.join(' ')} /> : null}
    </svg>
  );
}
