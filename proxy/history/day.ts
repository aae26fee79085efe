/** Days of a time zone, as 2026-11-28. */

const dayMs = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

/** The day in which a moment falls there. */
export function dayOf(ms: number, timeZone: string): string {
  // The first question to a format of a zone takes 50 ms.
  if (timeZone === 'UTC') return new Date(ms).toISOString().slice(0, 10);
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      calendar: 'iso8601',
      numberingSystem: 'latn',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  return `${parts['year']!.padStart(4, '0')}-${parts['month']}-${parts['day']}`;
}

/** The first moment of a day there; of a day that is left out there, that of the next one. */
export function beginOf(day: string, timeZone: string): number {
  // No clock is further from UTC than this.
  let before = Date.parse(`${day}T00:00:00Z`) - dayMs;
  let within = before + 2 * dayMs;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (dayOf(middle, timeZone) < day) before = middle;
    else within = middle;
  }
  return within;
}

/** The day of the moment and those before it, so many in all, oldest first. */
export function lastDays(ms: number, count: number, timeZone: string): string[] {
  // A day of the calendar is no length of time: some have 23 hours there, and some 25.
  const today = Date.parse(`${dayOf(ms, timeZone)}T00:00:00Z`);
  return Array.from({ length: count }, (_, at) =>
    new Date(today - (count - 1 - at) * dayMs).toISOString().slice(0, 10),
  );
}
