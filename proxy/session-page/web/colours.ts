/**
 * The colours of members: a small set that can be told apart and read upon in light and in dark. Others are told the first value
 * of each; whoever tells none, as editors do, gets one by its id.
 */
export const colours = [
  { name: 'Blue', hex: '#0a5cb4' },
  { name: 'Green', hex: '#14703a' },
  { name: 'Orange', hex: '#a34a00' },
  { name: 'Purple', hex: '#7d32ab' },
  { name: 'Red', hex: '#b3261e' },
  { name: 'Teal', hex: '#0b6b73' },
  { name: 'Pink', hex: '#a8266f' },
  { name: 'Olive', hex: '#5f6300' },
] as const;

/** The place in the set, which is also the style's number. */
export function colourOf(hex: unknown, id: string): number {
  const known = colours.findIndex((colour) => colour.hex === hex);
  if (known !== -1) return known;
  let sum = 0;
  for (const character of id) sum = (sum * 31 + character.codePointAt(0)!) % 65_521;
  return sum % colours.length;
}
