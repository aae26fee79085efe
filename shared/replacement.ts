/**
 * How a supervisor replaces a process that serves by a new one of the same role: the successor prepares itself, the old
 * process retires, the successor takes its turn. Each word is one message on the channel between them.
 */

/** What a child tells its supervisor of this. */
export type ReplacementReport = {
  /**
   * `replace`: asks to be replaced. `prepared`: a successor waits for its turn. `retired`: the old process has let go
   * of what only one can have.
   */
  readonly type: 'replace' | 'prepared' | 'retired';
  /** With `prepared`: edges can join it already, beside the old process. */
  readonly takesEdges?: boolean;
};

/** What a supervisor tells its children. */
export type ReplacementOrder = {
  readonly type: 'retire' | 'go';
  /** With `retire`: as the successor said. */
  readonly takesEdges?: boolean;
};

/** Set in the environment of a process that is not the first one of its place. */
const startVariable = 'MOORING_START';
/** Of one that takes over while the process before it serves, and of one that comes after a crash. */
export const starts = { successor: { [startVariable]: 'successor' }, again: { [startVariable]: 'again' } };
/** A supervisor has given up long before. */
const turnMaxMs = 60_000;

/** Another process served in this place a moment ago: what it knew of others comes by itself. */
export function goesOn(): boolean {
  return process.env[startVariable] !== undefined;
}

/** The process before serves still. */
export function isSuccessor(): boolean {
  return process.env[startVariable] === 'successor';
}

/** Resolves at once, but in a successor, which waits until the process before it has retired. */
export async function awaitTurn({ takesEdges }: { readonly takesEdges: boolean }): Promise<void> {
  if (!isSuccessor()) return;
  report({ type: 'prepared', takesEdges });
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('no word of the process before')), turnMaxMs);
    process.on('message', (message: ReplacementOrder) => {
      if (message.type !== 'go') return;
      clearTimeout(late);
      resolve();
    });
  });
}

/** `retire` lets go of what only one process can have; it is called once, and told whether the successor takes edges already. */
export function onRetire(retire: (takesEdges: boolean) => Promise<void>): void {
  process.on('message', (message: ReplacementOrder) => {
    if (message.type !== 'retire') return;
    void retire(message.takesEdges === true).then(() => report({ type: 'retired' }));
  });
}

/** False where no supervisor is there to do it. */
export function askForReplacement(): boolean {
  return process.connected && report({ type: 'replace' });
}

function report(message: ReplacementReport): boolean {
  return process.send?.(message) ?? false;
}
