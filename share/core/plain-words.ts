/** Words of other people on a terminal: what would move its cursor, colour it or turn its text around is left out. */

const lengthMax = 200;

export function plainWords(words: string): string {
  const plain = words.replaceAll(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, '');
  return plain.length > lengthMax ? `${plain.slice(0, lengthMax)}…` : plain;
}
