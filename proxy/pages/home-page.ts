/** The page at `/`: is the pool well, and how does a first session begin. Shows no key, user or address. */
import type { Banner } from '#shared/banner.ts';
import type { PoolEdge } from '../membership/pool.ts';
import { renderBanner } from './banner.ts';
import { escapeHtml, renderPage } from './page.ts';

/** `origin` is the address under which the visitor reached us. */
export function homePage(edges: readonly PoolEdge[], origin: string, banner: Banner | undefined): string {
  const ready = edges.filter((edge) => edge.state === 'ready').length;
  const sessions = edges.reduce((sum, edge) => sum + (edge.load?.sessions ?? 0), 0);
  const rows = edges.map(
    (edge) => `<tr><td>${escapeHtml(edge.id)}</td><td>${edge.state}</td>
      <td class="number">${edge.load?.sessions ?? 0}</td><td class="number">${edge.load?.members ?? 0}</td></tr>`,
  );
  const body = `${renderBanner(banner)}
    <h1>Mooring</h1>
    <p class="soft">Every connection of one session reaches the one edge that runs it.</p>
    <div class="card" role="status"><strong>${ready} of ${edges.length} edges ready</strong>, ${sessions} sessions</div>
    <div class="card"><table><thead><tr><th scope="col">Edge</th><th scope="col">State</th>
      <th scope="col" class="number">Sessions</th><th scope="col" class="number">Members</th></tr></thead>
      <tbody>${rows.join('')}</tbody></table></div>
    <h2>Start a session from an editor</h2>
    <p>Install Open Collaboration Tools in VS Code, VSCodium, Theia or a JetBrains IDE, and set its server address to the
      address of this page. “Create session” gives an invitation code; others join with it, and you let them in.</p>
    <h2>Share a document with y-websocket</h2>
    <div class="card"><pre>new WebsocketProvider('${escapeHtml(origin.replace('http', 'ws'))}/y/my-session', 'notes', doc)</pre></div>
    <h2>Which edge has a session?</h2>
    <div class="card"><pre>curl -H 'ctstickiness: my-session' ${escapeHtml(origin)}/ct-health/</pre></div>`;
  return renderPage('Mooring', body);
}
