/** Tags of images, the newest version first. */

interface Version {
  readonly numbers: readonly number[];
  readonly suffix: string;
}

/** What names no version comes last, by its name. */
export function newestFirst(tags: readonly string[]): string[] {
  return tags
    .map((tag) => ({ tag, version: parse(tag) }))
    .sort((a, b) => {
      if (a.version === undefined || b.version === undefined) {
        if (a.version !== undefined) return -1;
        return b.version === undefined ? a.tag.localeCompare(b.tag, 'en') : 1;
      }
      return compare(b.version, a.version) || a.tag.localeCompare(b.tag, 'en');
    })
    .map(({ tag }) => tag);
}

function parse(tag: string): Version | undefined {
  const [, numbers, suffix = ''] = /^v?(\d+(?:\.\d+)*)(?:[-+_.]?([A-Za-z].*|\d.*))?$/.exec(tag) ?? [];
  return numbers === undefined ? undefined : { numbers: numbers.split('.').map(Number), suffix };
}

/** Numbers by their size, also within a suffix; a release comes after what was before it (semver 2.0.0 section 11). */
function compare(a: Version, b: Version): number {
  const length = Math.max(a.numbers.length, b.numbers.length);
  for (let i = 0; i < length; i++) {
    const difference = (a.numbers[i] ?? 0) - (b.numbers[i] ?? 0);
    if (difference !== 0) return difference;
  }
  if (a.suffix === '' || b.suffix === '') return Number(a.suffix === '') - Number(b.suffix === '');
  return a.suffix.localeCompare(b.suffix, 'en', { numeric: true });
}

/** What names no version is older than any that does. */
export function isOlderVersion(version: string, than: string): boolean {
  const [a, b] = [parse(version), parse(than)];
  if (b === undefined) return false;
  return a === undefined || compare(a, b) < 0;
}
