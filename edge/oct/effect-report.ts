/** What the log and the metrics are told of a session's effects; to carry them out is left to the session. */
import type { AffinityKey } from '#shared/ids.ts';
import { personOf } from '#shared/journal/person.ts';
import { staysMark } from '#shared/journal/journal-words.ts';
import type { AuditFacts } from '#shared/journal/recorder.ts';
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Effect, SendEffect } from '../core/session-command.ts';
import type { MemberProfile } from '../core/session-state.ts';

interface ReportContext {
  readonly key: AffinityKey;
  /** As the client calls itself; empty where it is not connected. */
  readonly clientOf: (member: MemberProfile) => string;
  /** Whoever is in the session after the effect. */
  readonly members: () => Iterable<MemberProfile>;
  readonly log: Log;
  readonly metrics: Metrics;
}

export function reportEffect(effect: Exclude<Effect, SendEffect>, context: ReportContext): void {
  const { key, log, metrics } = context;
  switch (effect.kind) {
    case 'turn-away':
    case 'refused':
      return metrics.count('ct_edge_refused_total', { code: effect.code });
    case 'member-resumed':
      return metrics.count('ct_edge_resumes_total');
    case 'member-gapped':
      metrics.count('ct_edge_gaps_total', { code: effect.code });
      return log.warn('member.gapped', { member: effect.member.id, code: effect.code });
    case 'member-joined':
      return log.info('member.joined', {
        member: effect.member.id,
        host: effect.member.isHost,
        audit: auditOf(effect.member, context),
      });
    case 'member-left':
      return log.info('member.left', {
        member: effect.member.id,
        reason: effect.reason,
        audit: { ...auditOf(effect.member, context), detail: describeLeave(effect, context) },
      });
    case 'join-decided':
      return log.info('join.decided', { decision: effect.decision.kind });
    case 'ended':
      metrics.count('ct_edge_sessions_ended_total', { reason: effect.reason });
      return log.info('session.ended', { reason: effect.reason, audit: { key } });
    case 'expel':
    case 'join-forgotten':
  }
}

/** Who has a session open twice is there as long as one of the two is. */
function describeLeave(
  { member, reason }: Extract<Effect, { kind: 'member-left' }>,
  { members }: ReportContext,
): string {
  const person = personOf(member.user);
  for (const { user } of members()) if (personOf(user) === person) return `${reason}, ${staysMark}`;
  return reason;
}

function auditOf(member: MemberProfile, { key, clientOf }: ReportContext): AuditFacts {
  const { user, isHost } = member;
  const detail = isHost ? 'host' : 'guest';
  return { key, user: user.id, person: personOf(user), subject: user.name, client: clientOf(member), detail };
}
