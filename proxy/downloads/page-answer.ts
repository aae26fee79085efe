/** Pages of downloads as answers: a browser keeps them and asks whether they are new, and no other site is told of them. */
import type { LocalAnswer } from '../local-answer.ts';
import { pageAnswer } from '../pages/page-answer.ts';

export interface PageText {
  readonly html: string;
  /** As they stand between their tags. */
  readonly styles: readonly string[];
  readonly scripts: readonly string[];
}

export function htmlAnswer(page: PageText): LocalAnswer {
  return pageAnswer({
    ...page,
    headers: { 'cache-control': 'no-cache', 'referrer-policy': 'no-referrer' },
  });
}
