/** Which language a file is in, by its name: those whose colours the page has. */
import { css } from '@codemirror/lang-css';
import { html } from '@codemirror/lang-html';
import { java } from '@codemirror/lang-java';
import { javascript } from '@codemirror/lang-javascript';
import { json } from '@codemirror/lang-json';
import { markdown } from '@codemirror/lang-markdown';
import { python } from '@codemirror/lang-python';
import type { Extension } from '@codemirror/state';

const byEnding: readonly (readonly [RegExp, () => Extension])[] = [
  [/\.[cm]?tsx?$/, () => javascript({ typescript: true, jsx: true })],
  [/\.[cm]?jsx?$/, () => javascript({ jsx: true })],
  [/\.(json|jsonc|webmanifest)$/, () => json()],
  [/\.(html?|vue|svg|xml)$/, () => html()],
  [/\.(css|scss|less)$/, () => css()],
  [/\.(md|markdown)$/, () => markdown()],
  [/\.pyi?$/, () => python()],
  [/\.(java|kt|groovy|gradle)$/, () => java()],
];

export function languageOf(path: string): Extension {
  return byEnding.find(([ending]) => ending.test(path))?.[1]() ?? [];
}
