/** The time zone of a process (`CT_TIME_ZONE`): UTC unless somebody names another one, whatever the machine has. */
import { threeDigits } from './thousandths.ts';

let isSet = false;

/** Of this process and of those that it starts. */
export function setTimeZone(name: string): void {
  isSet = name !== 'UTC';
  process.env['TZ'] = name;
}

/** As `+0100`, at a time; `+0000` where nobody has named a zone. */
export function offsetAt(ms: number): string {
  const minutes = isSet ? -new Date(ms).getTimezoneOffset() : 0;
  const [sign, distance] = minutes < 0 ? ['-', -minutes] : ['+', minutes];
  const two = (figure: number): string => String(figure).padStart(2, '0');
  return `${sign}${two(Math.floor(distance / 60))}${two(distance % 60)}`;
}

/** ISO 8601 without what is shorter than a second, and its end: `Z`, or the offset of the zone. */
export function isoParts(ms: number): { readonly seconds: string; readonly end: string } {
  if (!isSet) return { seconds: new Date(ms).toISOString().slice(0, 19), end: 'Z' };
  const offset = offsetAt(ms);
  const minutes = Number(`${offset[0]}1`) * (Number(offset.slice(1, 3)) * 60 + Number(offset.slice(3)));
  const local = new Date(ms + minutes * 60_000).toISOString().slice(0, 19);
  return { seconds: local, end: `${offset.slice(0, 3)}:${offset.slice(3)}` };
}

/** The whole time, to the millisecond. */
export function isoTime(ms: number): string {
  const { seconds, end } = isoParts(ms);
  return `${seconds}.${threeDigits(Math.floor(ms) % 1_000)}${end}`;
}
