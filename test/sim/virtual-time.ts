/**
 * The time of a simulation, and the processes in it. A task belongs to a process: one that is frozen runs its tasks
 * when it is thawed, one that is killed never. Between two tasks everything that the first one set going with promises
 * has come to rest, so the order is the seed's alone.
 */

/** A process of the pool; its clock began at another time than those of the others. */
export class SimProcess {
  readonly name: string;
  /** Its monotonic clock shows so much more than the time of the simulation. */
  readonly clockAheadMs: number;
  state: 'running' | 'frozen' | 'killed' = 'running';
  /** How often it went on after a freeze. */
  thaws = 0;
  /** What came due while it was frozen. */
  readonly parked: Task[] = [];

  constructor(name: string, clockAheadMs: number) {
    this.name = name;
    this.clockAheadMs = clockAheadMs;
  }

  get isKilled(): boolean {
    return this.state === 'killed';
  }
}

export interface Task {
  atMs: number;
  order: number;
  readonly process: SimProcess | undefined;
  /** Of the process's own timers, not of what reaches it from outside. */
  readonly isTimer: boolean;
  run: (() => void) | undefined;
}

/** Rounds of microtasks between two tasks: what product code chains by `process.nextTick` is less deep. */
const settleRounds = 2;

export class VirtualTime {
  nowMs = 0;
  /** Whose code is running. */
  current: SimProcess | undefined;
  #order = 0;
  #mustSettle = false;
  #tasks = 0;
  readonly #heap: Task[] = [];
  readonly #atEnd: (() => void)[] = [];

  /** Tasks that have run. */
  get tasks(): number {
    return this.#tasks;
  }

  /** Of the process whose code is running. */
  get clockMs(): number {
    return this.nowMs + (this.current?.clockAheadMs ?? 0);
  }

  /** Something that reaches the process, or the world, after a delay. */
  after(delayMs: number, process: SimProcess | undefined, run: () => void): Task {
    return this.#schedule(delayMs, { process, isTimer: false, run });
  }

  /** A timer of the process whose code is running. */
  timer(delayMs: number, run: () => void): Task {
    return this.#schedule(delayMs, { process: this.current, isTimer: true, run });
  }

  cancel(task: Task | undefined): void {
    if (task !== undefined) task.run = undefined;
  }

  freeze(process: SimProcess): void {
    if (process.state === 'running') process.state = 'frozen';
  }

  /** `timersFirst`: where in its loop the process was. */
  thaw(process: SimProcess, timersFirst: boolean): void {
    if (process.state !== 'frozen') return;
    process.state = 'running';
    process.thaws++;
    const parked = process.parked.splice(0);
    const first = parked.filter(({ isTimer }) => isTimer === timersFirst);
    const rest = parked.filter(({ isTimer }) => isTimer !== timersFirst);
    for (const task of [...first, ...rest]) {
      task.atMs = this.nowMs;
      task.order = ++this.#order;
      this.#push(task);
    }
  }

  kill(process: SimProcess): void {
    process.state = 'killed';
    process.parked.length = 0;
  }

  /** Called when the simulation is over. */
  onEnd(run: () => void): void {
    this.#atEnd.push(run);
  }

  /** Lets go of what Node keeps for those who wait for a signal; nothing that is due runs any more. */
  async end(): Promise<void> {
    for (const run of this.#atEnd) run();
    await this.#settle();
    this.#heap.length = 0;
  }

  /** Runs all that is due until then, or until `isDone`. */
  async runUntil(endMs: number, isDone: () => boolean = () => false): Promise<void> {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#pop();
      if (next.run === undefined || next.process?.state === 'killed') continue;
      if (next.process?.state === 'frozen') {
        next.process.parked.push(next);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, next.atMs);
      this.current = next.process;
      const { run } = next;
      next.run = undefined;
      this.#tasks++;
      run();
      // The world outside has no promises of its own.
      if (next.process !== undefined || this.#mustSettle) await this.#settle();
      this.current = undefined;
      if (isDone()) return;
    }
    this.nowMs = Math.max(this.nowMs, endMs);
  }

  /** Runs what is set going as the process's own, from outside of it. */
  within(process: SimProcess, act: () => void): void {
    const before = this.current;
    this.current = process;
    this.#mustSettle = true;
    act();
    this.current = before;
  }

  async #settle(): Promise<void> {
    this.#mustSettle = false;
    for (let i = 0; i < settleRounds; i++) await new Promise<void>(nextTick);
  }

  #schedule(delayMs: number, task: Pick<Task, 'process' | 'isTimer' | 'run'>): Task {
    const atMs = this.nowMs + Math.max(0, delayMs);
    const scheduled = { ...task, atMs, order: ++this.#order };
    this.#push(scheduled);
    return scheduled;
  }

  #push(task: Task): void {
    const heap = this.#heap;
    let at = heap.push(task) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(task, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = task;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Task, b: Task): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

function nextTick(resolve: () => void): void {
  process.nextTick(resolve);
}
