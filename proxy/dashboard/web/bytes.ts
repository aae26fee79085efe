/** Sizes of files as people read them. */
const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

export function describeBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]!}`;
}
