/** Pages of downloads as answers: their one style and their one script are named by what they say, and nothing else runs. */
import { createHash } from 'node:crypto';
import type { LocalAnswer } from '../local-answer.ts';

export interface PageText {
  readonly html: string;
  /** As they stand between their tags. */
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

export function htmlAnswer({ html, styles, scripts }: PageText): LocalAnswer {
  const policy = [
    "default-src 'none'",
    `style-src ${sources(styles)}`,
    `script-src ${sources(scripts)}`,
    'img-src data:',
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'content-security-policy': policy.join('; '),
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  return { status: 200, headers, body: html };
}

function sources(texts: readonly string[]): string {
  if (texts.length === 0) return "'none'";
  return texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
