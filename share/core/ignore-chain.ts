/**
 * The ignore files of a folder and of all above it as one list of rules, as git reads them: the last word that fits a path counts, so
 * what an inner file shares again is shared with all that is below it, whatever an outer one says of the folder (gitignore(5)).
 */
import ignore from 'ignore';
import type { Ignore } from 'ignore';

/** The text of a folder's ignore files; names below the shared folder, none for itself. Undefined where it has none. */
export type IgnoreTextOf = (folder: readonly string[]) => string | undefined;

/** What the ignore files say down to a folder. */
interface Chain {
  readonly patterns: readonly string[];
  readonly rules: Ignore;
  /** Of the text that a folder below had when it was last asked for. */
  readonly next: Map<string, { readonly text: string; readonly chain: Chain }>;
}

/** Folders whose rules are kept parsed. */
const parsedMax = 1_000;

export class IgnoreChains {
  readonly #textOf: IgnoreTextOf;
  #top = newChain([]);
  #parsed = 0;

  constructor(textOf: IgnoreTextOf) {
    this.#textOf = textOf;
  }

  /** Whether ignore files hide a path of which nothing above is hidden. */
  hides(names: readonly string[], isFolder: boolean): boolean {
    return this.#chainOf(names.slice(0, -1)).rules.ignores(names.join('/') + (isFolder ? '/' : ''));
  }

  #chainOf(folder: readonly string[]): Chain {
    let chain = this.#top;
    for (let depth = 0; depth <= folder.length; depth += 1) {
      const place = folder.slice(0, depth);
      const text = this.#textOf(place);
      if (text !== undefined && text !== '') chain = this.#add(chain, place, text);
    }
    return chain;
  }

  #add(above: Chain, place: readonly string[], text: string): Chain {
    const name = place.join('/');
    const known = above.next.get(name);
    if (known?.text === text) return known.chain;
    if (this.#parsed >= parsedMax) {
      this.#top = newChain([]);
      this.#parsed = 0;
    }
    const chain = newChain([...above.patterns, ...placedAt(place, text)]);
    above.next.set(name, { text, chain });
    this.#parsed += 1;
    return chain;
  }
}

function newChain(patterns: readonly string[]): Chain {
  return { patterns, rules: ignore({ ignorecase: false }).add(patterns), next: new Map() };
}

/** The patterns of an ignore file in a folder, as they would stand in one at the top. */
function placedAt(folder: readonly string[], text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (folder.length === 0) return lines;
  const place = `/${folder.map((name) => name.replace(/[\\*?[\]!# ]/g, String.raw`\$&`)).join('/')}/`;
  return lines.flatMap((line) => {
    const sign = line.startsWith('!') ? '!' : '';
    const pattern = line.slice(sign.length).replace(/^\//, '');
    if (pattern.trim() === '' || line.startsWith('#')) return [];
    // A slash before the end ties it to the folder; without one it fits at any depth.
    const isTied = /\/(?=\S)/.test(line.slice(sign.length));
    return [`${sign}${place}${isTied ? '' : '**/'}${pattern}`];
  });
}
