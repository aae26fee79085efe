/** The word of administrators at the head of the front door's pages. */
import type { Banner } from '#shared/banner.ts';
import { escapeHtml } from './page.ts';

/** HTML; empty where there is none. */
export function renderBanner(banner: Banner | undefined): string {
  if (banner === undefined) return '';
  const { text, level } = banner;
  const word = level === 'warning' ? '<strong>Warning: </strong>' : '';
  return `<div class="banner ${level}" role="${level === 'warning' ? 'alert' : 'status'}">${word}${escapeHtml(text)}</div>`;
}
