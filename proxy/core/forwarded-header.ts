/** Reads the header Forwarded (RFC 7239 section 4), as strictly as its grammar: of what breaks it, nothing is known. */
import { isIP } from 'node:net';

/** What one proxy says of whoever came to it. */
export interface ForwardedElement {
  /** Undefined where it is hidden ("unknown", "_name"), or not told. */
  readonly address: string | undefined;
  readonly proto: string | undefined;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const quoted = '"(?:[^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[\\t\\x20-\\x7e])*"';
const pair = new RegExp(`[ \\t]*(${token})=(${token}|${quoted})[ \\t]*`, 'y');

/** The elements of all lines, in order; undefined where the grammar is broken. */
export function readForwarded(lines: readonly string[]): ForwardedElement[] | undefined {
  const text = lines.join(',');
  if (text.trim() === '') return [];
  const elements: ForwardedElement[] = [];
  let fields = new Map<string, string>();
  for (let at = 0; ;) {
    pair.lastIndex = at;
    const match = pair.exec(text);
    if (match === null) return undefined;
    const name = match[1]!.toLowerCase();
    // Each parameter at most once in an element.
    if (fields.has(name)) return undefined;
    fields.set(name, unquote(match[2]!));
    at = pair.lastIndex;
    const separator = text[at];
    if (separator !== ';') {
      elements.push({ address: addressOf(fields.get('for')), proto: fields.get('proto')?.toLowerCase() });
      fields = new Map();
    }
    if (separator === undefined) return elements;
    if (separator !== ';' && separator !== ',') return undefined;
    at++;
  }
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}

/** A node without its port (section 6): an IPv4 address, or an IPv6 one in brackets. */
function addressOf(node: string | undefined): string | undefined {
  if (node === undefined) return undefined;
  const host = node.replace(/:(\d{1,5}|_[A-Za-z0-9._-]+)$/, '');
  if (isIP(host) === 4) return host;
  const inner = /^\[([^\]]+)\]$/.exec(host)?.[1];
  return inner !== undefined && isIP(inner) === 6 && !inner.includes('%') ? inner : undefined;
}
