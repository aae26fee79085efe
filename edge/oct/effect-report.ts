/** What the log and the metrics are told of a session's effects; to carry them out is left to the session. */
import type { Log } from '#shared/log.ts';
import type { Metrics } from '#shared/metrics.ts';
import type { Effect, SendEffect } from '../core/session-command.ts';

export function reportEffect(effect: Exclude<Effect, SendEffect>, log: Log, metrics: Metrics): void {
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
      return log.info('member.joined', { member: effect.member.id, host: effect.member.isHost });
    case 'member-left':
      return log.info('member.left', { member: effect.member.id, reason: effect.reason });
    case 'join-decided':
      return log.info('join.decided', { decision: effect.decision.kind });
    case 'ended':
      metrics.count('ct_edge_sessions_ended_total', { reason: effect.reason });
      return log.info('session.ended', { reason: effect.reason });
    case 'expel':
    case 'join-forgotten':
  }
}
