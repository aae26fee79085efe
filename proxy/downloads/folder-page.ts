/** The list of a folder below `/clients`, for people. */
import { escapeHtml, pageStyle, renderPage } from '../pages/page.ts';
import type { FolderEntry } from './download-folder.ts';
import type { PageText } from './page-answer.ts';

export function folderPage(names: readonly string[], entries: readonly FolderEntry[]): PageText {
  const rows = entries.map(({ name, isFolder }) => {
    const slash = isFolder ? '/' : '';
    return `<tr><td><a href="./${escapeHtml(encodeURIComponent(name))}${slash}">${escapeHtml(name)}${slash}</a></td></tr>`;
  });
  const title = `/clients/${names.join('/')}/`;
  const empty = '<p class="soft">There is nothing here.</p>';
  const body = `<h1>${escapeHtml(title)}</h1><p><a href="../">Up</a></p>
    <div class="card">${rows.length === 0 ? empty : `<table><tbody>${rows.join('')}</tbody></table>`}</div>`;
  return { html: renderPage(title, body), styles: [pageStyle], scripts: [] };
}
