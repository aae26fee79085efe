/** Figures of a day: their columns, and how those of one day or of several come together. */

/** In the order of the columns. */
const figures = {
  sessions: { column: 'sessions', merge: 'add' },
  ended: { column: 'ended', merge: 'add' },
  lengthSumMs: { column: 'length_sum_ms', merge: 'add' },
  lengthMaxMs: { column: 'length_max_ms', merge: 'most' },
  membersSum: { column: 'members_sum', merge: 'add' },
  membersMax: { column: 'members_max', merge: 'most' },
  peakConnections: { column: 'peak_connections', merge: 'most' },
  lagSum: { column: 'lag_sum', merge: 'add' },
  lagSamples: { column: 'lag_samples', merge: 'add' },
} as const;

type FigureName = keyof typeof figures;
const names = Object.keys(figures) as FigureName[];

export type DayFigures = Record<FigureName, number>;

export const figureColumns = names.map((name) => figures[name].column);
export const figureMerges = Object.fromEntries(
  names.map((name) => [figures[name].column, figures[name].merge]),
);

export function noFigures(): DayFigures {
  return figuresBy(() => 0);
}

export function addUp(days: readonly DayFigures[]): DayFigures {
  return figuresBy((name) => {
    const values = days.map((day) => day[name]);
    return figures[name].merge === 'add'
      ? values.reduce((sum, value) => sum + value, 0)
      : Math.max(0, ...values);
  });
}

/** In the order of the columns. */
export function rowOfFigures(day: DayFigures): number[] {
  return names.map((name) => day[name]);
}

export function figuresOfRow(row: Readonly<Record<string, unknown>>): DayFigures {
  return figuresBy((name) => row[figures[name].column] as number);
}

function figuresBy(valueOf: (name: FigureName) => number): DayFigures {
  return Object.fromEntries(names.map((name) => [name, valueOf(name)])) as DayFigures;
}
