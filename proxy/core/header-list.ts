/**
 * Headers as they came: a flat list `[name, value, name, value, ...]` in wire order. Strictness needs what an object
 * of headers hides: duplicates, order, odd names. Names may be in any case; the wire has them in lower case.
 */
export type HeaderList = readonly string[];

/** Most look-ups find nothing: that costs no memory. */
const noValues: readonly string[] = [];

/** All values of a header; `name` in lower case. */
export function headerValues(headers: HeaderList, name: string): readonly string[] {
  let values: string[] | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    if (!isNamed(headers[i]!, name)) continue;
    if (values === undefined) values = [headers[i + 1]!];
    else values.push(headers[i + 1]!);
  }
  return values ?? noValues;
}

/** The members of a comma-separated header over all its lines, in lower case, without empty ones. */
export function headerTokens(headers: HeaderList, name: string): readonly string[] {
  const values = headerValues(headers, name);
  if (values.length === 0) return noValues;
  const tokens: string[] = [];
  for (const value of values) {
    for (const member of value.includes(',') ? value.split(',') : [value]) {
      const token = member.trim().toLowerCase();
      if (token !== '') tokens.push(token);
    }
  }
  return tokens;
}

function isNamed(candidate: string, name: string): boolean {
  return candidate === name || (candidate.length === name.length && candidate.toLowerCase() === name);
}
