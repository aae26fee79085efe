/** The page at `/clients/`: what to install and what to set, for this server, client by client. */
import type { Banner } from '#shared/banner.ts';
import { renderBanner } from '../pages/banner.ts';
import { escapeHtml, pageStyle, renderPage } from '../pages/page.ts';
import { addressOf, clientSections } from './client-steps.ts';
import type { ClientSection, Step } from './client-steps.ts';
import type { ClientsView } from './newest-clients.ts';
import type { PageText } from './page-answer.ts';

const style = `
  nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; }
  a { color: var(--accent); } a.file { display: inline-block; font-weight: 600; margin: .25rem 1rem .25rem 0; overflow-wrap: anywhere; }
  section h2 { scroll-margin-top: 1rem; }
  .copy { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .5rem; margin: .5rem 0; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .4rem; background: var(--paper); }
  .copy pre { flex: 1 1 14rem; min-width: 0; } .copy button { margin: 0; padding: .3rem .7rem; font-size: .85rem; }
  [hidden] { display: none; }`;

/** Where the clipboard is not to be had, as over plain HTTP, the text is selected and the browser asked to copy it. */
const script = `
  const outcome = document.getElementById('copied');
  for (const box of document.querySelectorAll('.copy')) {
    const button = box.querySelector('button');
    const text = box.querySelector('pre');
    button.hidden = false;
    button.addEventListener('click', async () => {
      let isCopied = false;
      try {
        await navigator.clipboard.writeText(text.textContent);
        isCopied = true;
      } catch {
        getSelection().selectAllChildren(text);
        isCopied = document.execCommand('copy');
      }
      const said = isCopied ? 'Copied' : 'Selected';
      button.textContent = said;
      outcome.textContent = button.getAttribute('aria-label').replace('Copy', said);
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
  }`;

export function clientsPage(url: string, view: ClientsView, banner: Banner | undefined): PageText {
  const sections = clientSections(url, view);
  const links = sections.map(({ id, title }) => `<li><a href="#${id}">${escapeHtml(title)}</a></li>`);
  const body = `${renderBanner(banner)}
    <h1>Clients of this server</h1>
    <p class="soft">Everything below is set for <strong>${escapeHtml(url)}</strong>.</p>
    ${view.isSet ? '' : noFolder}
    <nav aria-label="Clients"><ul>${links.join('')}</ul></nav>
    ${sections.map((section) => renderSection(section)).join('')}
    <p id="copied" class="soft" role="status"></p>
    <script>${script}</script>`;
  const html = renderPage('Clients of this server', body, `<style>${style}</style>`);
  return { html, styles: [pageStyle, style], scripts: [script] };
}

const noFolder = `<div class="card" role="note"><strong>This server offers no files.</strong>
    Its administrator has set no folder of client downloads (CT_CLIENTS_DIR); the steps below use what the clients’ own market places have.</div>`;

function renderSection({ id, title, steps }: ClientSection): string {
  return `<section aria-labelledby="${id}"><h2 id="${id}">${escapeHtml(title)}</h2><div class="card">${steps.map(renderStep).join('')}</div></section>`;
}

function renderStep(step: Step): string {
  switch (step.kind) {
    case 'text':
      return `<p>${escapeHtml(step.text)}</p>`;
    case 'copy':
      return `<div class="copy"><pre tabindex="0">${escapeHtml(step.text)}</pre><button type="button" hidden aria-label="Copy ${escapeHtml(step.what)}">Copy</button></div>`;
    case 'files': {
      const { version, files } = step.newest;
      const links = files.map(
        (names) => `<a class="file" href="${escapeHtml(addressOf(names))}">${escapeHtml(names.at(-1)!)}</a>`,
      );
      return `<p>Newest version: <strong>${escapeHtml(version)}</strong></p><p>${links.join('')}</p>`;
    }
  }
}
