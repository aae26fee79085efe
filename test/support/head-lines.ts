/** Lines of a head, as code adds them, back to a flat list of names and values. */
export function readHeadLines(lines: string): string[] {
  return lines.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(': ');
    return line === '' ? [] : [line.slice(0, colon), line.slice(colon + 2)];
  });
}
