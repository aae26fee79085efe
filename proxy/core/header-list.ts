/**
 * Headers as they came: a flat list `[name, value, name, value, ...]` in wire order and case (Node's
 * `rawHeaders`). Strictness needs what an object of headers hides: duplicates, order, odd names.
 */
export type HeaderList = readonly string[];

/** All values of a header; `name` in lower case. */
export function headerValues(headers: HeaderList, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const candidate = headers[i]!;
    if (candidate.length === name.length && candidate.toLowerCase() === name) values.push(headers[i + 1]!);
  }
  return values;
}

/** The members of a comma-separated header over all its lines, in lower case, without empty ones. */
export function headerTokens(headers: HeaderList, name: string): string[] {
  return headerValues(headers, name)
    .flatMap((value) => value.split(','))
    .map((token) => token.trim().toLowerCase())
    .filter((token) => token !== '');
}
