/** The editor of one text: bound to the shared document, tells the others where this member is, and goes along with whom it follows. */
import { defaultKeymap, indentWithTab } from '@codemirror/commands';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search';
import { Compartment, EditorState } from '@codemirror/state';
import type { Extension } from '@codemirror/state';
import {
  EditorView,
  crosshairCursor,
  drawSelection,
  highlightActiveLine,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  rectangularSelection,
} from '@codemirror/view';
import { ClientTextSelection } from 'open-collaboration-protocol';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import type { OpenFile } from '../session/open-files.ts';
import type { Session } from '../session/session.ts';
import { languageOf } from './languages.ts';
import { look } from './look.ts';
import { reachOf, remoteSelections } from './remote-selections.ts';

export interface TextEditor {
  /** Goes on where the picture of the text was read. */
  goOnFrom(head: number): void;
  /** Gives where somebody was in it with caret and keys. */
  close(): number | undefined;
}

/** Where a member was in a text whose tab is not shown. */
const places = new WeakMap<Y.Text, { readonly head: Y.RelativePosition; readonly scroll: number }>();
const leftToRight = 1;
const rightToLeft = 2;

export function openEditor(parent: HTMLElement, file: OpenFile, session: Session): TextEditor {
  const { path } = file;
  const { documents, follower } = session;
  const text = documents.text(path);
  const access = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text.toJSON(),
      extensions: [
        // The shared text counts every character, so no other line end may be taken for one.
        EditorState.lineSeparator.of('\n'),
        EditorView.cspNonce.of(document.querySelector<HTMLLinkElement>('link[nonce]')?.nonce ?? ''),
        access.of(accessOf(false, path)),
        yCollab(text, undefined, { undoManager: file.undo ?? false }),
        remoteSelections({ documents, path, nameOf: (peer) => nameOf(session, peer) }),
        EditorView.updateListener.of((update) => {
          if (update.selectionSet || update.docChanged || update.focusChanged || update.viewportChanged)
            tellPlace(update.view, path, session);
          if (
            update.transactions.some(
              (transaction) => transaction.isUserEvent('input') || transaction.isUserEvent('select'),
            )
          )
            follower.stop();
        }),
        saveKey(session, path),
        keymap.of(yUndoManagerKeymap),
        languageOf(path),
        ...usual,
        lineWrap(),
        look,
      ],
    }),
  });
  const lock = obeyPermission(view, access, file, session);
  returnTo(view, text, session);
  tellPlace(view, path, session);
  follower.onPlace = () => goAlong(view, path, session);
  follower.onPlace();
  return {
    goOnFrom: (head) => {
      view.dispatch({ selection: { anchor: Math.min(head, view.state.doc.length) } });
      view.focus();
    },
    close: () => {
      const head = Y.createRelativePositionFromTypeIndex(text, view.state.selection.main.head);
      places.set(text, { head, scroll: view.scrollDOM.scrollTop });
      follower.onPlace = undefined;
      lock.end();
      return closeView(view);
    },
  };
}

/** A file's picture, until its text is shared. */
export function showPicture(parent: HTMLElement, { path, picture }: OpenFile): TextEditor {
  const nonce = document.querySelector<HTMLLinkElement>('link[nonce]')?.nonce ?? '';
  const extensions = [
    EditorView.cspNonce.of(nonce),
    accessOf(true, path),
    languageOf(path),
    ...usual,
    lineWrap(),
    look,
  ];
  const view = new EditorView({ parent, state: EditorState.create({ doc: picture, extensions }) });
  return { goOnFrom: () => undefined, close: () => closeView(view) };
}

/** By the session itself: the page is drawn later than a permission comes, and a key may be pressed between. */
function obeyPermission(
  view: EditorView,
  access: Compartment,
  file: OpenFile,
  session: Session,
): { end: () => void } {
  let mayWrite = true;
  const obey = (): void => {
    if (session.mayWrite === mayWrite) return;
    ({ mayWrite } = session);
    // To take something back is to write.
    if (!mayWrite) file.undo?.clear();
    view.dispatch({ effects: access.reconfigure(accessOf(!mayWrite, file.path)) });
  };
  obey();
  return { end: session.store.subscribe(obey) };
}

function closeView(view: EditorView): number | undefined {
  const head = view.hasFocus ? view.state.selection.main.head : undefined;
  view.destroy();
  return head;
}

const usual: readonly Extension[] = [
  lineNumbers(),
  highlightSpecialChars(),
  drawSelection(),
  EditorState.allowMultipleSelections.of(true),
  indentOnInput(),
  bracketMatching(),
  rectangularSelection(),
  crosshairCursor(),
  highlightActiveLine(),
  highlightSelectionMatches(),
  keymap.of([...defaultKeymap, ...searchKeymap, indentWithTab]),
];

function accessOf(isReadOnly: boolean, path: string): Extension {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return [
    EditorState.readOnly.of(isReadOnly),
    // It stays in the order of the Tab key, so that it can be read and copied from without a mouse.
    EditorView.contentAttributes.of({
      'aria-label': `Text of ${name}`,
      'aria-readonly': String(isReadOnly),
      tabindex: '0',
    }),
  ];
}

/** Where a line of code does not fit anyway. */
function lineWrap(): Extension {
  return matchMedia('(max-width: 56rem)').matches ? EditorView.lineWrapping : [];
}

function nameOf({ store }: Session, peer: string): string | undefined {
  return store.value.members.find(({ id }) => id === peer)?.name;
}

function tellPlace(view: EditorView, path: string, { documents }: Session): void {
  const text = documents.text(path);
  const textSelections = view.state.selection.ranges.map(({ from, to, anchor, head }) => ({
    start: Y.createRelativePositionFromTypeIndex(text, from),
    end: Y.createRelativePositionFromTypeIndex(text, to),
    direction: head < anchor ? rightToLeft : leftToRight,
  }));
  const { from, to } = view.viewport;
  const [first, last] = [view.state.doc.lineAt(from), view.state.doc.lineAt(to)];
  const visibleRanges = [
    {
      start: { line: first.number - 1, character: 0 },
      end: { line: last.number - 1, character: last.length },
    },
  ];
  const before = documents.awareness.getLocalState();
  if (before === null) return;
  const selection = { path, textSelections, visibleRanges };
  if (JSON.stringify(before['selection']) !== JSON.stringify(selection))
    documents.awareness.setLocalStateField('selection', selection);
}

function returnTo(view: EditorView, text: Y.Text, { documents }: Session): void {
  const place = places.get(text);
  if (place === undefined) return;
  const at = Y.createAbsolutePositionFromRelativePosition(place.head, documents.doc)?.index ?? 0;
  view.dispatch({ selection: { anchor: Math.min(at, view.state.doc.length) } });
  requestAnimationFrame(() => (view.scrollDOM.scrollTop = place.scroll));
}

function goAlong(view: EditorView, path: string, { store, documents }: Session): void {
  const { following } = store.value;
  const selection = documents.presences().find(({ peer }) => peer === following)?.selection;
  if (following === undefined || !ClientTextSelection.is(selection) || selection.path !== path) return;
  const reach = selection.textSelections[0] && reachOf(documents, path, selection.textSelections[0]);
  if (reach === undefined || reach.head > view.state.doc.length) return;
  queueMicrotask(() => view.dispatch({ effects: EditorView.scrollIntoView(reach.head, { y: 'center' }) }));
}

/** The host writes back by itself, or not: an editor does when it is told to save. */
function saveKey(session: Session, path: string): Extension {
  const run = (): boolean => {
    void session.save(path);
    return true;
  };
  return keymap.of([{ key: 'Mod-s', run, preventDefault: true }]);
}
