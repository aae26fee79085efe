/** What can be taken along: logs, metrics, and the clients' own pages. */
import type { JSX } from 'preact';

export function FilesPage(): JSX.Element {
  return (
    <section class="panel" aria-label="Downloads">
      <ul>
        <li>
          <a href="/dashboard/logs/">Logs and metrics of this server, for administrators</a>
        </li>
        <li>
          <a href="/clients/">Downloads for clients, with the steps to install them</a>
        </li>
      </ul>
    </section>
  );
}
