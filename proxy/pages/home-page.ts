/** The page at `/`: how one joins or begins a session, and whether the pool is well. Shows no key, user or address. */
import type { Banner } from '#shared/banner.ts';
import type { PoolEdge } from '../membership/pool.ts';
import { renderBanner } from './banner.ts';
import { escapeHtml, renderPage } from './page.ts';

interface HomeOptions {
  readonly edges: readonly PoolEdge[];
  /** The address under which the visitor reached us. */
  readonly origin: string;
  readonly banner: Banner | undefined;
  /** There is a page of clients. */
  readonly hasClients: boolean;
}

export function homePage({ edges, origin, banner, hasClients }: HomeOptions): string {
  const body = `${renderBanner(banner)}
    <h1>Mooring</h1>
    <p class="soft">Edit together, from a browser or from an editor.</p>
    <form class="card" action="/session/join" method="get"><h2>Join a session</h2>
      <label for="code">Session code, or the link that you were given</label>
      <input id="code" name="code" required autocomplete="off" spellcheck="false" pattern="\\s*(https?://.*(/~|#))?[A-Za-z0-9._~\\-]{1,128}/?\\s*"
        title="A code of letters and digits, or a link to a session">
      <button>Join</button></form>
    <div class="card"><h2>Start a session</h2>
      <p><a href="/session/">In this browser</a>: with nothing yet, or with a folder of your machine.</p>
      <p>From an editor: ${editorWay(origin, hasClients)}</p>
      <p>From a terminal that has the command, with the folder you are in: <code>mooring share . --server ${escapeHtml(origin)}</code></p></div>
    ${poolCard(edges)}
    <h2>For programs</h2>
    <p>A document of y-websocket, shared by whoever knows the name of its session:</p>
    <div class="card"><pre>new WebsocketProvider('${escapeHtml(origin.replace('http', 'ws'))}/y/my-session', 'notes', doc)</pre></div>
    <p>Which edge has a session?</p>
    <div class="card"><pre>curl -H 'ctstickiness: my-session' ${escapeHtml(origin)}/ct-health/</pre></div>`;
  return renderPage('Mooring', body);
}

function editorWay(origin: string, hasClients: boolean): string {
  if (hasClients) return '<a href="/clients/">install a client</a> for VS Code, Theia or JetBrains.';
  return `install Open Collaboration Tools in VS Code, VSCodium, Theia or a JetBrains IDE, and set its server address to <code>${escapeHtml(origin)}/</code>.`;
}

function poolCard(edges: readonly PoolEdge[]): string {
  const ready = edges.filter((edge) => edge.state === 'ready').length;
  const sessions = edges.reduce((sum, edge) => sum + (edge.load?.sessions ?? 0), 0);
  const rows = edges.map(
    (edge) => `<tr><td>${escapeHtml(edge.id)}</td><td>${edge.state}</td>
      <td class="number">${edge.load?.sessions ?? 0}</td><td class="number">${edge.load?.members ?? 0}</td></tr>`,
  );
  return `<h2>This server</h2>
    <div class="card"><p role="status"><strong>${ready} of ${edges.length} edges ready</strong>, ${sessions} ${sessions === 1 ? 'session' : 'sessions'}</p>
      <table><thead><tr><th scope="col">Edge</th><th scope="col">State</th>
      <th scope="col" class="number">Sessions</th><th scope="col" class="number">Members</th></tr></thead>
      <tbody>${rows.join('')}</tbody></table></div>`;
}
