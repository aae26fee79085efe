/** Where the others are in a text: their selections and cursors, as the protocol's awareness tells them. */
import { Annotation, RangeSet } from '@codemirror/state';
import type { Extension, Range } from '@codemirror/state';
import { Decoration, ViewPlugin, WidgetType } from '@codemirror/view';
import type { DecorationSet, EditorView, ViewUpdate } from '@codemirror/view';
import { ClientTextSelection } from 'open-collaboration-protocol';
import type { RelativeTextSelection } from 'open-collaboration-protocol';
import * as Y from 'yjs';
import { colourOf } from '../colours.ts';
import type { SharedDocuments } from '../session/shared-documents.ts';

interface RemoteOptions {
  readonly documents: SharedDocuments;
  readonly path: string;
  readonly nameOf: (peer: string) => string | undefined;
}

export interface Reach {
  readonly anchor: number;
  readonly head: number;
}

const rightToLeft = 2;
const othersMoved = Annotation.define<true>();

/** Undefined where the position is of another text, or of one that is not here yet. */
export function reachOf(
  documents: SharedDocuments,
  path: string,
  selection: RelativeTextSelection,
): Reach | undefined {
  const [start, end] = [selection.start, selection.end].map((position) => {
    const relative = Y.createRelativePositionFromJSON(position);
    const absolute = Y.createAbsolutePositionFromRelativePosition(relative, documents.doc);
    return absolute?.type === documents.text(path) ? absolute.index : undefined;
  });
  if (start === undefined || end === undefined) return undefined;
  return selection.direction === rightToLeft ? { anchor: end, head: start } : { anchor: start, head: end };
}

export function remoteSelections(options: RemoteOptions): Extension {
  const plugin = ViewPlugin.define((view) => new RemoteSelections(view, options), {
    decorations: (value) => value.decorations,
  });
  return plugin;
}

class RemoteSelections {
  decorations: DecorationSet;
  /** Where each was when it was drawn last, and how often it has moved by itself. */
  readonly #drawn = new Map<string, { head: number; moves: number }>();
  readonly #options: RemoteOptions;
  readonly #tell: () => void;

  constructor(view: EditorView, options: RemoteOptions) {
    this.#options = options;
    this.decorations = this.#draw(view.state.doc.length);
    // What others say may come while the editor is at work.
    this.#tell = () =>
      queueMicrotask(() => {
        if (view.dom.isConnected) view.dispatch({ annotations: othersMoved.of(true) });
      });
    options.documents.awareness.on('change', this.#tell);
  }

  update(update: ViewUpdate): void {
    const hasMoved = update.transactions.some((transaction) => transaction.annotation(othersMoved) === true);
    if (!hasMoved && !update.docChanged) return;
    for (const place of this.#drawn.values()) place.head = update.changes.mapPos(place.head);
    this.decorations = this.#draw(update.state.doc.length);
  }

  destroy(): void {
    this.#options.documents.awareness.off('change', this.#tell);
  }

  #draw(length: number): DecorationSet {
    const { documents, path, nameOf } = this.#options;
    const ranges: Range<Decoration>[] = [];
    for (const { peer, colour, selection } of documents.presences()) {
      const name = nameOf(peer);
      if (name === undefined || !ClientTextSelection.is(selection) || selection.path !== path) continue;
      const who = `who-${colourOf(colour, peer)}`;
      for (const [at, one] of selection.textSelections.entries()) {
        const reach = reachOf(documents, path, one);
        if (reach === undefined || Math.max(reach.anchor, reach.head) > length) continue;
        const { anchor, head } = reach;
        if (anchor !== head)
          ranges.push(
            Decoration.mark({ class: `remote-selection ${who}` }).range(
              Math.min(anchor, head),
              Math.max(anchor, head),
            ),
          );
        const moves = this.#noteMove(`${peer} ${at}`, head);
        ranges.push(Decoration.widget({ widget: new RemoteCursor(who, name, moves), side: 1 }).range(head));
      }
    }
    return RangeSet.of(ranges, true);
  }

  /** What others type before a cursor carries it along. */
  #noteMove(cursor: string, head: number): number {
    const before = this.#drawn.get(cursor);
    const moves = (before?.moves ?? 0) + (before?.head === head ? 0 : 1);
    this.#drawn.set(cursor, { head, moves });
    return moves;
  }
}

class RemoteCursor extends WidgetType {
  readonly #who: string;
  readonly #name: string;
  readonly #moves: number;

  constructor(who: string, name: string, moves: number) {
    super();
    this.#who = who;
    this.#name = name;
    this.#moves = moves;
  }

  override eq(other: RemoteCursor): boolean {
    // One that has moved is drawn anew, which shows its name for a while.
    return other.#who === this.#who && other.#name === this.#name && other.#moves === this.#moves;
  }

  override toDOM(): HTMLElement {
    const cursor = document.createElement('span');
    cursor.className = `remote-cursor ${this.#who}`;
    cursor.setAttribute('aria-hidden', 'true');
    const label = document.createElement('span');
    label.className = 'remote-name';
    label.textContent = this.#name;
    cursor.append('\u2060', label, '\u2060');
    return cursor;
  }

  override ignoreEvent(): boolean {
    return true;
  }
}
