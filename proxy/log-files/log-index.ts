/** The page that lists log files, for people who have logged in. */
import type { LocalAnswer } from '../local-answer.ts';
import { escapeHtml, renderPage } from '../pages/page.ts';
import { pageAnswer } from '../pages/page-answer.ts';
import type { ListedLog } from './log-folder.ts';

interface LogIndex {
  /** Which front door they are of. */
  readonly host: string;
  readonly files: readonly ListedLog[];
  readonly archive: string | undefined;
  /** False where no folder is set. */
  readonly hasFolder: boolean;
}

export function logIndex({ host, files, archive, hasFolder }: LogIndex): LocalAnswer<string> {
  const rows = files.map(
    ({ name, bytes, modified }) =>
      `<tr><td><a href="./${encodeURIComponent(name)}">${escapeHtml(name)}</a></td><td class="number">${bytes.toLocaleString('en')}</td><td>${escapeHtml(modified.slice(0, 19).replace('T', ' '))}</td></tr>`,
  );
  const table = `<div class="card"><table><thead><tr><th scope="col">File</th><th scope="col" class="number">Bytes</th><th scope="col">Written (UTC)</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>`;
  const nothing = hasFolder
    ? '<p>There is no log file yet.</p>'
    : '<p>This front door writes its log to standard output. With <code>CT_LOG_DIR</code> it writes files, which stand here then.</p>';
  const whole =
    archive === undefined ? '' : `<p><a href="./${archive}">${archive}</a>: the CSV files together.</p>`;
  const body = `<h1>Log files</h1><p class="soft">Of the front door on ${escapeHtml(host)}. Other front doors have their own.</p>
    ${files.length === 0 ? nothing : table}${whole}<p><a href="/dashboard/">Dashboard</a></p>`;
  return pageAnswer({ html: renderPage('Log files', body) });
}
