/**
 * Names of fields in lower case. The same few come with every head, so they are kept: a name that is known is neither cut
 * out of its head nor turned to lower case again. Bounded in number and length, whatever names clients make up.
 */
const slots = 512;
/** Longer names are rare, and would be memory that strangers choose. */
const keptMaxLength = 32;
const upperA = 65;
const upperZ = 90;
const toLower = 32;

const kept: string[] = Array.from({ length: slots }, () => '');

/** The name at [begin, end) of a head. */
export function lowerCaseName(head: string, begin: number, end: number): string {
  let hash = end - begin;
  for (let at = begin; at < end; at++) hash = (hash * 31 + lowerCodeAt(head, at)) & 0xffffff;
  const slot = hash % slots;
  const candidate = kept[slot]!;
  if (isName(candidate, head, begin, end)) return candidate;
  const name = head.slice(begin, end).toLowerCase();
  // A copy: a part of a head keeps all of that.
  if (name.length <= keptMaxLength) kept[slot] = Buffer.from(name, 'latin1').toString('latin1');
  return name;
}

function isName(candidate: string, head: string, begin: number, end: number): boolean {
  if (candidate.length !== end - begin) return false;
  for (let at = begin; at < end; at++) {
    if (candidate.charCodeAt(at - begin) !== lowerCodeAt(head, at)) return false;
  }
  return true;
}

/** Names are tokens, which are ASCII (RFC 9110 section 5.6.2). */
function lowerCodeAt(head: string, at: number): number {
  const code = head.charCodeAt(at);
  return code >= upperA && code <= upperZ ? code + toLower : code;
}
