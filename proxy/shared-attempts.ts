/** The limit of what passwords may be tried, of all front doors under one supervisor together. */
import { openSiblings } from '#shared/siblings.ts';
import { AttemptLimit } from './core/attempt-limit.ts';
import type { AttemptNews } from './core/attempt-limit.ts';

export function openAttempts(
  topic: 'dashboard-attempts' | 'guest-attempts',
  nowMs: () => number,
): AttemptLimit {
  const siblings = openSiblings(topic);
  if (!siblings.isShared) return new AttemptLimit(nowMs);
  const limit = new AttemptLimit(nowMs, { tell: (news) => siblings.tell(news) });
  siblings.hear((news) => limit.hear(news as AttemptNews));
  return limit;
}
