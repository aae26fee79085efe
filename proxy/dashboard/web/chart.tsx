/**
 * Figures over time, by uPlot: lines for what is live, bars for days. Colours are those of the style sheet, in light and dark. What a
 * picture cannot tell everybody stands in its description and, for days, in a table.
 */
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import uPlot from 'uplot';

export interface Series {
  readonly name: string;
  readonly values: readonly number[];
}

interface ChartProps {
  readonly title: string;
  /** In seconds since 1970. */
  readonly times: readonly number[];
  /** Drawn anew where these or the times are others. */
  readonly series: readonly Series[];
  readonly kind: 'lines' | 'bars';
  readonly unit?: string;
}

const heightPx = 160;
/** Nobody is half a user. */
const wholeSteps = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000];
/** There is room for four figures: 10,000 is 10K. */
const short = new Intl.NumberFormat(undefined, { notation: 'compact', useGrouping: false });
const colours = ['--chart-1', '--chart-2', '--chart-3', '--chart-4'];

export function Chart(props: ChartProps): JSX.Element {
  const { title, times, series, kind } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const shape = `${kind} ${series.map(({ name }) => name).join('|')}`;
  useEffect(() => {
    const folder = place.current!;
    const draw = (): void => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(props, folder.clientWidth), dataOf(props), folder);
    };
    draw();
    const size = new ResizeObserver(() =>
      plot.current?.setSize({ width: folder.clientWidth, height: heightPx }),
    );
    size.observe(folder);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    return () => {
      size.disconnect();
      scheme.removeEventListener('change', draw);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => plot.current?.setData(dataOf(props)), [times, series]);
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {series.length > 1 ? <Legend series={series} /> : null}
      </figcaption>
      <div ref={place} role="img" aria-label={describe(props)} />
    </figure>
  );
}

function Legend({ series }: { series: readonly Series[] }): JSX.Element {
  return (
    <span class="legend">
      {series.map(({ name }, i) => (
        <span key={name} class={`key key-${i + 1}`}>
          {name}
        </span>
      ))}
    </span>
  );
}

function dataOf({ times, series }: ChartProps): uPlot.AlignedData {
  return [[...times], ...series.map(({ values }) => [...values])];
}

function optionsOf({ series, kind, unit = '' }: ChartProps, width: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colourOf = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colourOf('--soft'),
    grid: { stroke: colourOf('--line'), width: 1 },
    ticks: { stroke: colourOf('--line'), width: 1 },
    font: '12px system-ui, sans-serif',
  };
  const bars = kind === 'bars' ? { paths: uPlot.paths.bars!({ size: [0.7, 40] }) } : {};
  return {
    width,
    height: heightPx,
    cursor: { show: false },
    legend: { show: false },
    // The last time of a line stands in full at its end.
    padding: [8, kind === 'bars' ? 20 : 36, 0, 0],
    scales: { y: { range: (_, __, max) => [0, Math.max(1, max * 1.1)] } },
    axes: [
      { ...axis, space: 90, size: 28, values: (_, ticks) => ticks.map(kind === 'bars' ? showDay : showTime) },
      {
        ...axis,
        size: 40 + unit.length * 11,
        ...(unit === '' ? { incrs: wholeSteps } : {}),
        values: (_, ticks) => ticks.map((tick) => `${short.format(tick)}${unit}`),
      },
    ],
    series: [
      {},
      ...series.map(({ name }, i) => ({
        label: name,
        stroke: colourOf(colours[i]!),
        ...(kind === 'bars' ? { fill: colourOf(colours[i]!) } : {}),
        // A day with nothing is no line on the ground.
        width: kind === 'bars' ? 0 : 2,
        // Where two are the same both are seen.
        ...(i === 2 ? { dash: [6, 4] } : {}),
        points: { show: false },
        ...bars,
      })),
    ],
  };
}

function showDay(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleDateString([], { month: 'short', day: 'numeric' });
}

function showTime(seconds: number): string {
  return new Date(seconds * 1_000).toLocaleTimeString();
}

/** Changes with each figure, and is read when somebody comes to it, not by itself. */
function describe({ title, series, unit = '' }: ChartProps): string {
  const parts = series.map(({ name, values }) => {
    if (values.length === 0) return `${name}: nothing yet`;
    return `${name}: now ${values.at(-1)}${unit}, lowest ${Math.min(...values)}${unit}, highest ${Math.max(...values)}${unit}`;
  });
  return `${title}. ${parts.join('. ')}.`;
}
