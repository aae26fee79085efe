/** Values that the directory keeps as text for the whole fleet, as JSON. */

/** Undefined where it is no JSON, which no version of this program writes. */
export function parseStored(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
