/**
 * A session's state, whose roster is on the disk before anybody is told of a change to it: such a command waits for
 * its write, all others go on meanwhile. Where the store fails, newcomers are refused; whatever else happens is
 * played without it, and written when it is back. A write that is fenced ends the session here.
 */
import { once } from 'node:events';
import { setImmediate as endOfTurn } from 'node:timers/promises';
import type { ErrorCode } from '#shared/errors.ts';
import { hasSameRoster, mayChangeRoster } from '../core/durable-roster.ts';
import { projectSession } from '../core/roster-projection.ts';
import type { Projection } from '../core/roster-projection.ts';
import { applyCommand } from '../core/session.ts';
import type { Transition } from '../core/session.ts';
import type { Command, ConnectCommand, Effect } from '../core/session-command.ts';
import type { EndReason } from '../core/session-life.ts';
import type { ConnectionId, SessionState } from '../core/session-state.ts';
import { RequestNotes } from './request-notes.ts';
import { RosterWriter } from './roster-writer.ts';
import type { WriteOutcome, WriterOptions } from './roster-writer.ts';

interface DurableOptions extends WriterOptions {
  readonly state: SessionState;
  /** The state is what is stored. */
  readonly isStored: boolean;
  readonly perform: (effects: readonly Effect[]) => void;
  readonly onFenced: () => void;
  readonly onFailed: (error: unknown) => void;
}

/** What waits for a write. */
interface Change {
  /** Played after the write; undefined where the state is only to be written. */
  readonly command: Command | undefined;
  /** Without the store it is refused, not played. */
  readonly isRefusable: boolean;
  /** Told the outcome: a code where it was refused. */
  readonly settle: (code?: ErrorCode) => void;
}

/** Of one session; more are taken as if the store had failed. */
const changesMax = 1_024;

export class DurableSession {
  readonly #options: DurableOptions;
  readonly #writer: RosterWriter;
  readonly #requests: RequestNotes;
  readonly #arrivals = new Map<ConnectionId, ConnectCommand>();
  #state: SessionState;
  #kept: SessionState | undefined;
  #gathering: Change[] = [];
  #writing: readonly Change[] = [];
  #isWriting = false;
  #written: Promise<void> = Promise.resolve();
  /** The last write failed. */
  #isBehind = false;
  #overBy: ErrorCode | undefined;

  constructor(options: DurableOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#writer = new RosterWriter(options);
    this.#kept = options.isStored ? options.state : undefined;
    const { ref, store, nowMs, isStored, state } = options;
    this.#requests = new RequestNotes({
      ref,
      store,
      nowMs,
      noted: isStored ? state.requests : undefined,
      current: () => this.#state.requests,
      mayWrite: () => this.#writer.isClaimed,
      onFenced: () => this.#fence(),
    });
  }

  get state(): SessionState {
    return this.#state;
  }

  /** The store lacks what is true here, because it failed. */
  get isBehind(): boolean {
    return this.#isBehind && this.#overBy === undefined;
  }

  /** With everything that waits for its write. */
  get projected(): SessionState {
    return this.#project([...this.#writing, ...this.#gathering]).state;
  }

  /** Plays a command, at once or after its write. A connection must have arrived before. */
  apply(command: Command): void {
    if (command.kind === 'connect') {
      this.#arrivals.delete(command.connection);
      this.#play(command);
      return this.catchUp();
    }
    const next = this.#next(command);
    if (!mayChangeRoster(command) || hasSameRoster(this.#state, next.state)) return this.#take(next);
    // The clock comes again.
    if (command.kind === 'tick' && this.#isWaiting('tick')) return;
    this.#wait({ command: this.#withSpeaker(command), isRefusable: false, settle: () => {} });
  }

  /** Plays a command after its write, or not at all; gives the code of the refusal. */
  async applyKept(command: Command): Promise<ErrorCode | undefined> {
    // What is said to a session that has gone to another edge changes nothing, and is not kept.
    if (this.#overBy !== undefined) return this.#overBy;
    if (!hasSameRoster(this.#state, this.#next(command).state)) return await this.#waitFor(command);
    this.apply(command);
    return undefined;
  }

  /** Writes that somebody comes, who is told of it only then; gives the code of the refusal. */
  async arrive(command: ConnectCommand): Promise<ErrorCode | undefined> {
    if (this.#overBy !== undefined) return this.#overBy;
    if (hasSameRoster(this.#state, this.#next(command).state)) return undefined;
    this.#arrivals.set(command.connection, command);
    const code = await this.#waitFor(undefined);
    if (code !== undefined) this.#arrivals.delete(command.connection);
    return code;
  }

  /** Whoever arrived did not connect. */
  giveUp(connection: ConnectionId): void {
    if (this.#arrivals.delete(connection)) this.catchUp();
  }

  /** Resolves when the session is stored as it is; gives the code of the refusal. */
  async keep(): Promise<ErrorCode | undefined> {
    return await this.#waitFor(undefined);
  }

  /** Writes what is not stored yet. */
  catchUp(): void {
    if (!this.#isBehind && this.#isDirty) this.#startWriting();
  }

  /** Another try, where the store failed. */
  retry(): void {
    if (this.#isBehind) this.#startWriting();
  }

  /** Resolves when nothing waits any more, or at the deadline. */
  async settled(deadlineMs: number): Promise<void> {
    const deadline = once(AbortSignal.timeout(deadlineMs), 'abort');
    const settled = (async () => {
      while (this.#isWriting) await this.#written;
    })();
    await Promise.race([settled, deadline]);
  }

  /** Ends here, for another edge to go on: what still waits is played, and written there. */
  release(): SessionState {
    const waiting = [...this.#writing, ...this.#gathering];
    this.#writing = [];
    for (const change of waiting) this.#doWithout(change);
    const state = this.#state;
    this.stop('edge-leaving');
    return state;
  }

  /** Writes nothing any more; what waits is refused with the code. */
  stop(code: ErrorCode): void {
    if (this.#overBy !== undefined) return;
    this.#overBy = code;
    this.#requests.end();
    for (const { settle } of this.#gathering) settle(code);
    this.#gathering = [];
    this.#state = { ...this.#state, hasEnded: true };
  }

  get #isDirty(): boolean {
    return this.#kept === undefined || !hasSameRoster(this.#kept, this.#project([]).state);
  }

  async #waitFor(command: Command | undefined): Promise<ErrorCode | undefined> {
    const { promise, resolve } = Promise.withResolvers<ErrorCode | undefined>();
    this.#wait({ command, isRefusable: true, settle: resolve });
    return await promise;
  }

  #wait(change: Change): void {
    if (this.#overBy !== undefined) return change.settle(this.#overBy);
    if (this.#isBehind || this.#gathering.length >= changesMax) return this.#doWithout(change);
    this.#gathering.push(change);
    this.#startWriting();
  }

  #startWriting(): void {
    if (!this.#isWriting && this.#overBy === undefined) this.#written = this.#write();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What comes in one turn is one write.
    await endOfTurn();
    // One that was stopped meanwhile has another owner: what it has by now is nobody's to write.
    for (let isFirst = true; this.#mayWrite(isFirst); isFirst = false) {
      const batch = this.#gathering;
      this.#gathering = [];
      this.#writing = batch;
      const target = this.#project(batch);
      const outcome = await this.#writer.write(target.state);
      this.#writing = [];
      this.#finish(batch, target, outcome);
    }
    this.#isWriting = false;
  }

  #mayWrite(isFirst: boolean): boolean {
    if (this.#overBy !== undefined) return false;
    return isFirst || (!this.#isBehind && (this.#gathering.length > 0 || this.#isDirty));
  }

  #finish(batch: readonly Change[], target: Projection, outcome: WriteOutcome): void {
    if (this.#overBy !== undefined) return batch.forEach(({ settle }) => settle(this.#overBy));
    switch (outcome.kind) {
      case 'written':
        this.#isBehind = false;
        this.#requests.touch();
        this.#kept = target.state;
        return this.#playAll(batch, target.endReason);
      case 'fenced':
        this.#fence();
        for (const { settle } of batch) settle('fenced');
        return;
      case 'failed':
        if (!this.#isBehind) this.#options.onFailed(outcome.error);
        this.#isBehind = true;
        for (const change of [...batch, ...this.#gathering.splice(0)]) this.#doWithout(change);
    }
  }

  #playAll(batch: readonly Change[], endReason: EndReason | undefined): void {
    for (const { command, isRefusable, settle } of batch) {
      const isTooLate = this.#state.hasEnded && isRefusable;
      if (command !== undefined) this.#play(command);
      settle(isTooLate ? 'session-ended' : undefined);
    }
    // Whoever came back meanwhile came too late: the tokens of what is stored as over are refused everywhere.
    if (endReason !== undefined) this.#play({ kind: 'end', reason: endReason });
  }

  /** The store has failed: refuses what can be refused, and plays the rest. */
  #doWithout({ command, isRefusable, settle }: Change): void {
    if (isRefusable) return settle('roster-unavailable');
    const isYes = command?.kind === 'answer-join' && command.workspace !== undefined;
    if (command !== undefined) this.#play(isYes ? { ...command, isNotKept: true } : command);
    settle();
  }

  #project(changes: readonly Change[]): Projection {
    const commands = [...this.#arrivals.values(), ...changes.map(({ command }) => command)];
    return projectSession(this.#state, commands, this.#options.nowMs());
  }

  #fence(): void {
    if (this.#overBy !== undefined) return;
    this.stop('fenced');
    this.#options.onFenced();
  }

  #isWaiting(kind: Command['kind']): boolean {
    return [...this.#writing, ...this.#gathering].some(({ command }) => command?.kind === kind);
  }

  #withSpeaker(command: Command): Command {
    if (command.kind !== 'leave' && command.kind !== 'answer-join') return command;
    const member = this.#state.connections.get(command.connection);
    return member === undefined ? command : { ...command, member };
  }

  #next(command: Command): Transition {
    return applyCommand(this.#state, command, this.#options.nowMs());
  }

  #play(command: Command): void {
    this.#take(this.#next(command));
  }

  #take({ state, effects }: Transition): void {
    const hasOtherRequests = state.requests !== this.#state.requests;
    this.#state = state;
    if (state.hasEnded) this.#requests.end();
    else if (hasOtherRequests) this.#requests.touch();
    this.#options.perform(effects);
  }
}
