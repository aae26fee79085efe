/** The frame of the front door's few pages: one style, light and dark, readable on a phone. */
export const pageStyle = `
  :root { color-scheme: light dark; --ink: #1a2230; --soft: #5b6678; --paper: #f5f7fa; --card: #fff; --line: #d9dfe8; --accent: #0b66c3; }
  @media (prefers-color-scheme: dark) {
    :root { --ink: #e8edf5; --soft: #a3afc0; --paper: #12171f; --card: #1b222d; --line: #323c4a; --accent: #6db3ff; }
  }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
  main { max-width: 46rem; margin: 0 auto; padding: 2.5rem 1.25rem; }
  h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
  .card h2:first-child, .card > p:first-child, form:first-child > h2 { margin-top: 0; }
  a { color: var(--accent); } p { margin: .5rem 0; } .soft { color: var(--soft); }
  .card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.25rem; margin: 1rem 0; overflow-x: auto; }
  table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
  th:last-child, td:last-child { padding-right: 0; } tr:last-child td { border-bottom: 0; } td.number, th.number { text-align: right; padding-right: 1.25rem; }
  code, pre { font-family: ui-monospace, monospace; font-size: .9em; } pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
  label { display: block; margin: .75rem 0 .25rem; } input { width: 100%; padding: .55rem; border: 1px solid var(--soft); border-radius: .4rem; background: var(--paper); color: inherit; font: inherit; }
  button { margin-top: 1rem; padding: .6rem 1.2rem; border: 0; border-radius: .4rem; background: var(--accent); color: var(--card); font: inherit; font-weight: 600; cursor: pointer; }
  .banner { border: 1px solid var(--accent); border-left-width: .4rem; border-radius: .4rem; padding: .75rem 1rem; margin: 0 0 1.5rem; background: var(--card); overflow-wrap: anywhere; }
  .banner.warning { border-color: #c2410c; }
  :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }`;

/** A whole page; `title` is plain text, `body` and what is added to its head are HTML. */
export function renderPage(title: string, body: string, head = ''): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><link rel="icon" href="data:,"><style>${pageStyle}</style>${head}</head>
<body><main>${body}</main></body></html>`;
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
