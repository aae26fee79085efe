/** What a session will be when all that waits for a write has been played: that is what the write holds. */
import { applyCommand } from './session.ts';
import type { Command } from './session-command.ts';
import type { EndReason } from './session-life.ts';
import type { SessionState } from './session-state.ts';

export interface Projection {
  readonly state: SessionState;
  /** Of a session that one of the commands ends. */
  readonly endReason: EndReason | undefined;
}

export function projectSession(
  now: SessionState,
  commands: Iterable<Command | undefined>,
  nowMs: number,
): Projection {
  let state = now;
  let endReason: EndReason | undefined;
  for (const command of commands) {
    if (command === undefined) continue;
    const next = applyCommand(state, command, nowMs);
    state = next.state;
    endReason ??= next.effects.find((effect) => effect.kind === 'ended')?.reason;
  }
  return { state, endReason };
}
