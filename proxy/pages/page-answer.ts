/** Pages as answers: their styles and scripts are named by what they say, nothing else runs, and nobody frames them. */
import { createHash } from 'node:crypto';
import type { LocalAnswer } from '../local-answer.ts';
import { pageStyle } from './page.ts';

interface AnsweredPage {
  readonly html: string;
  readonly status?: number;
  /** As they stand between their tags. */
  readonly styles?: readonly string[];
  readonly scripts?: readonly string[];
  /** Where its forms may go. */
  readonly forms?: 'self' | 'none';
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

export function pageAnswer({
  html,
  status = 200,
  styles = [pageStyle],
  scripts = [],
  forms = 'none',
  headers,
}: AnsweredPage): LocalAnswer<string> {
  const policy = [
    "default-src 'none'",
    `style-src ${sources(styles)}`,
    `script-src ${sources(scripts)}`,
    'img-src data:',
    `form-action '${forms}'`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  const always = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': policy.join('; '),
    // Our own forms tell where they come from; no other site is told.
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
  return { status, headers: { ...always, ...headers }, body: html };
}

function sources(texts: readonly string[]): string {
  if (texts.length === 0) return "'none'";
  return texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}
