/** What happens to a pool, and when: the same for every contestant of one run. */
import type { Random } from '../random.ts';

export type TraceAct = 'restart' | 'leave' | 'join' | 'drain' | 'undrain';

export interface TraceEvent {
  readonly atMs: number;
  readonly act: TraceAct;
  readonly edge: string;
}

export const edgeNames = ['e1', 'e2', 'e3', 'e4', 'e5'] as const;
/** The others join in the course of the trace. */
export const firstEdges = edgeNames.slice(0, 4);
const eventIntervalMs = 2_000;
/** So many are never drained or away. */
const servingMin = 3;

/** One event every two seconds: who serves is killed and started again, leaves or is drained; who is away or drained comes back. */
export function drawTrace(random: Random, lengthMs: number): TraceEvent[] {
  const states = new Map<string, 'up' | 'drained' | 'away'>(
    edgeNames.map((edge) => [edge, firstEdges.includes(edge) ? 'up' : 'away']),
  );
  const events: TraceEvent[] = [];
  for (let atMs = eventIntervalMs; atMs < lengthMs; atMs += eventIntervalMs) {
    const serving = [...states.values()].filter((state) => state === 'up').length;
    const choices = [...states].flatMap(([edge, state]): [string, TraceAct][] => {
      if (state === 'away') return [[edge, 'join']];
      if (state === 'drained') return [[edge, 'undrain']];
      const leaving: TraceAct[] = serving > servingMin ? ['leave', 'drain'] : [];
      return (['restart', ...leaving] as const).map((act) => [edge, act]);
    });
    const [edge, act] = choices[Math.floor(random.next() * choices.length)]!;
    if (act === 'leave') states.set(edge, 'away');
    else states.set(edge, act === 'drain' ? 'drained' : 'up');
    events.push({ atMs, act, edge });
  }
  return events;
}
